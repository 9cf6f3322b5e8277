using System.Diagnostics.CodeAnalysis;

namespace HipaaFs.Metadata;

/// <summary>The answer to a metadata operation: a value, or why there is none.</summary>
/// <typeparam name="T">The value.</typeparam>
[SuppressMessage("Usage", "CA2225:Operator overloads have named alternates", Justification = "The constructors are the alternates.")]
public readonly record struct MetadataResult<T>
{
    private readonly T? _value;

    /// <summary>An answer with a value.</summary>
    public MetadataResult(T value) => _value = value;

    /// <summary>An answer without a value.</summary>
    public MetadataResult(MetadataError error)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)error, (int)MetadataError.None, nameof(error));
        Error = error;
    }

    /// <summary>Why there is no value; <see cref="MetadataError.None"/> when there is one.</summary>
    public MetadataError Error { get; }

    /// <summary>Whether there is a value.</summary>
    public bool Succeeded => Error == MetadataError.None;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public T Value => Error == MetadataError.None ? _value! : throw new InvalidOperationException($"no value: {Error}");

    /// <summary>An answer with a value.</summary>
    public static implicit operator MetadataResult<T>(T value) => new(value);

    /// <summary>An answer without a value.</summary>
    public static implicit operator MetadataResult<T>(MetadataError error) => new(error);
}
