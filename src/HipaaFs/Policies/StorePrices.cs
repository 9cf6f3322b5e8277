using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>What a store charges, in the policy's currency. What it does not name costs nothing.</summary>
internal sealed record StorePrices
{
    /// <summary>A GiB stored for a month, by tier.</summary>
    public IReadOnlyDictionary<StorageTier, decimal> Storage { get; init; } = new Dictionary<StorageTier, decimal>();

    /// <summary>A thousand requests, by verb; <see cref="StoreVerb.Put"/> stands for <see cref="StoreVerb.PutFile"/> too.</summary>
    public IReadOnlyDictionary<StoreVerb, decimal> Requests { get; init; } = new Dictionary<StoreVerb, decimal>();

    /// <summary>A GiB read out of a tier that is read at once.</summary>
    public IReadOnlyDictionary<StorageTier, decimal> Retrieval { get; init; } = new Dictionary<StorageTier, decimal>();

    /// <summary>A GiB brought back from the archive, by speed.</summary>
    public IReadOnlyDictionary<RestoreSpeed, decimal> ArchiveRetrieval { get; init; } = new Dictionary<RestoreSpeed, decimal>();

    /// <summary>A GiB sent out of the provider's network.</summary>
    public decimal Egress { get; init; }

    /// <summary>The days that are charged at least, by tier, however early an object is deleted or leaves the tier.</summary>
    public IReadOnlyDictionary<StorageTier, long> MinimumDays { get; init; } = new Dictionary<StorageTier, long>();
}
