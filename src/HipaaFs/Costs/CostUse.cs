namespace HipaaFs.Cli.Costs;

/// <summary>What was asked of a store in some time.</summary>
/// <param name="Requests">Requests, repeats included.</param>
/// <param name="SentBytes">Bytes of content sent to it.</param>
/// <param name="ReceivedBytes">Bytes of content read from it.</param>
/// <param name="Money">What requests, egress and retrieval from the archive cost; retrieval from other tiers is not in it. Null without prices.</param>
internal sealed record CostUse(long Requests, long SentBytes, long ReceivedBytes, decimal? Money)
{
    /// <summary>Bytes of objects that it was asked to bring back from its archive, at whatever speed.</summary>
    public long RestoredBytes { get; init; }

    /// <summary>What of <see cref="Money"/> is for that; null without prices.</summary>
    public decimal? Retrieval { get; init; }
}
