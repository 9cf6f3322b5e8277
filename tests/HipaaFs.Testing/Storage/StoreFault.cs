using HipaaFs.Storage;

namespace HipaaFs.Testing.Storage;

/// <summary>A misbehaviour and the requests it strikes.</summary>
public sealed record StoreFault(StoreFaultKind Kind)
{
    /// <summary>The kind of request struck; null for all.</summary>
    public StoreVerb? Verb { get; init; }

    /// <summary>The error answered.</summary>
    public StoreError Error { get; init; } = StoreError.Unavailable;

    /// <summary>The pause the store asks for with the error; null for none.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>How many matching requests pass unharmed first.</summary>
    public int Skip { get; init; }

    /// <summary>How many requests are struck. Default: all.</summary>
    public int Count { get; init; } = int.MaxValue;

    /// <summary>The share of matching requests that is struck, chosen by the store's seed.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>What the key begins with; empty for all keys. A listing's prefix is its key.</summary>
    public string KeyPrefix { get; init; } = string.Empty;

    /// <summary>The wait of <see cref="StoreFaultKind.Delay"/>.</summary>
    public TimeSpan Delay { get; init; }
}
