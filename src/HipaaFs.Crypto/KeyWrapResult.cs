using System.Diagnostics.CodeAnalysis;

namespace HipaaFs.Crypto;

/// <summary>A value, or the reason why there is none.</summary>
/// <typeparam name="T">Type of the value.</typeparam>
public readonly struct KeyWrapResult<T>
    where T : class
{
    /// <summary>A success.</summary>
    public KeyWrapResult(T value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Value = value;
    }

    /// <summary>A failure.</summary>
    public KeyWrapResult(KeyError error)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)error, (int)KeyError.None);
        Error = error;
    }

    /// <summary>The value; null after a failure.</summary>
    public T? Value { get; }

    /// <summary>The reason; <see cref="KeyError.None"/> after a success.</summary>
    public KeyError Error { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    public bool Succeeded => Error == KeyError.None;

    /// <summary>A failure.</summary>
    [SuppressMessage("Usage", "CA2225:Operator overloads have named alternates", Justification = "The constructors are the alternates.")]
    public static implicit operator KeyWrapResult<T>(KeyError error) => new(error);

    /// <summary>A success.</summary>
    [SuppressMessage("Usage", "CA2225:Operator overloads have named alternates", Justification = "The constructors are the alternates.")]
    public static implicit operator KeyWrapResult<T>(T value) => new(value);
}
