namespace HipaaFs.Storage;

/// <summary>Why a request failed, with what helps an operator.</summary>
/// <param name="Error">The kind of failure; never <see cref="StoreError.None"/>.</param>
/// <param name="Detail">The store's own code for it ("errno 28", "SlowDown"), for logs and status. Never a key, a path or content.</param>
/// <param name="RetryAfter">How long the store asks to wait before a repeat; null when it said nothing.</param>
public sealed record StoreFailure(StoreError Error, string? Detail = null, TimeSpan? RetryAfter = null)
{
    private static readonly StoreFailure[] Plain = [.. Enum.GetValues<StoreError>().Select(error => new StoreFailure(error))];

    /// <summary>The failure of one kind without detail; allocates nothing.</summary>
    public static StoreFailure Of(StoreError error)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)error, (int)StoreError.None, nameof(error));
        return Plain[(int)error];
    }
}
