namespace HipaaFs.Cli.Costs;

/// <summary>What was asked of a store in some time.</summary>
/// <param name="Requests">Requests, repeats included.</param>
/// <param name="SentBytes">Bytes of content sent to it.</param>
/// <param name="ReceivedBytes">Bytes of content read from it.</param>
/// <param name="Money">What requests and egress cost; retrieval from colder tiers is not in it. Null without prices.</param>
internal sealed record CostUse(long Requests, long SentBytes, long ReceivedBytes, decimal? Money);
