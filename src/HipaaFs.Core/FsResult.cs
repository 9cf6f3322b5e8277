using System.Diagnostics;

namespace HipaaFs;

/// <summary>What a file system operation gave: a value, or the reason why there is none.</summary>
/// <typeparam name="T">The value's type.</typeparam>
public readonly struct FsResult<T>
{
    private readonly T _value;

    private FsResult(T value, FsError error)
    {
        _value = value;
        Error = error;
    }

    /// <summary>The reason, <see cref="FsError.None"/> when there is a value.</summary>
    public FsError Error { get; }

    /// <summary>Whether there is a value.</summary>
    public bool IsOk => Error == FsError.None;

    /// <summary>The value. Asking for it after a failure is a bug.</summary>
    public T Value
    {
        get
        {
            Debug.Assert(IsOk, "value of a failed operation");
            return _value;
        }
    }

    /// <summary>A success.</summary>
    public static implicit operator FsResult<T>(T value) => new(value, FsError.None);

    /// <summary>A failure.</summary>
    public static implicit operator FsResult<T>(FsError error) => new(default!, error);
}
