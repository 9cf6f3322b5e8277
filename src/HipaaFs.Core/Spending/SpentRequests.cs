using HipaaFs.Storage;

namespace HipaaFs.Spending;

/// <summary>What was asked of a store in some time.</summary>
public sealed record SpentRequests
{
    /// <summary>Nothing.</summary>
    public static readonly SpentRequests None = new();

    /// <summary>Requests sent, repeats included, by kind.</summary>
    public IReadOnlyDictionary<StoreVerb, long> ByVerb { get; init => field = value ?? new Dictionary<StoreVerb, long>(); } = new Dictionary<StoreVerb, long>();

    /// <summary>Bytes of content sent to the store.</summary>
    public long SentBytes { get; init; }

    /// <summary>Bytes of content read from it.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Bytes of objects that the store was asked to bring back from its archive, by speed.</summary>
    public IReadOnlyDictionary<RestoreSpeed, long> RestoredBytes { get; init => field = value ?? new Dictionary<RestoreSpeed, long>(); } = new Dictionary<RestoreSpeed, long>(); // A ledger of an older version does not say it.

    /// <summary>Requests of all kinds.</summary>
    public long Requests => ByVerb.Values.Sum();

    /// <summary>Both together.</summary>
    public static SpentRequests operator +(SpentRequests left, SpentRequests right) => new()
    {
        ByVerb = Sum(left.ByVerb, right.ByVerb),
        SentBytes = left.SentBytes + right.SentBytes,
        ReceivedBytes = left.ReceivedBytes + right.ReceivedBytes,
        RestoredBytes = Sum(left.RestoredBytes, right.RestoredBytes),
    };

    /// <summary>What a store counted between two moments of one opening; all of it when it was opened anew in between.</summary>
    internal static SpentRequests Between(StoreMetrics? before, StoreMetrics after)
    {
        if (before is not null && after.Requests < before.Requests)
        {
            before = null;
        }

        var counts = new Dictionary<StoreVerb, long>();
        foreach (StoreVerb verb in Enum.GetValues<StoreVerb>())
        {
            long more = after[verb].Requests + after[verb].Retries - (before is null ? 0 : before[verb].Requests + before[verb].Retries);
            if (more > 0)
            {
                counts[verb] = more;
            }
        }

        return new SpentRequests
        {
            ByVerb = counts,
            SentBytes = Bytes(StoreVerb.Put) + Bytes(StoreVerb.PutFile),
            ReceivedBytes = Bytes(StoreVerb.Read),
        };

        long Bytes(StoreVerb verb) => after[verb].Bytes - (before is null ? 0 : before[verb].Bytes);
    }

    private static Dictionary<TKey, long> Sum<TKey>(IReadOnlyDictionary<TKey, long> left, IReadOnlyDictionary<TKey, long> right)
        where TKey : struct, Enum =>
        left.Concat(right).GroupBy(static pair => pair.Key).ToDictionary(static key => key.Key, static key => key.Sum(static pair => pair.Value));
}
