namespace HipaaFs.Storage;

/// <summary>What a request to a store came to: a value or a failure.</summary>
/// <typeparam name="T">What success returns.</typeparam>
public readonly record struct StoreResult<T>
{
    private readonly T _value;

    private StoreResult(T value, StoreFailure? failure)
    {
        _value = value;
        Failure = failure;
    }

    /// <summary>Whether there is a value.</summary>
    public bool Succeeded => Failure is null;

    /// <summary>The kind of failure; <see cref="StoreError.None"/> when there is a value.</summary>
    public StoreError Error => Failure?.Error ?? StoreError.None;

    /// <summary>The failure with its detail; null when there is a value.</summary>
    public StoreFailure? Failure { get; }

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">The request failed.</exception>
    public T Value => Failure is null ? _value : throw new InvalidOperationException($"no value: {Failure.Error}");

    /// <inheritdoc/>
    public override string ToString() => Failure?.ToString() ?? $"{_value}";

    /// <summary>A success.</summary>
    public static implicit operator StoreResult<T>(T value) => new(value, null);

    /// <summary>A failure without detail.</summary>
    public static implicit operator StoreResult<T>(StoreError error) => new(default!, StoreFailure.Of(error));

    /// <summary>A failure.</summary>
    public static implicit operator StoreResult<T>(StoreFailure failure) => new(default!, failure);
}
