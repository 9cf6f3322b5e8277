using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>Adds up what each store gets, sends and gives back when files change their placements, and what that costs.</summary>
internal sealed class TransferEstimate
{
    private const long ObjectBytes = 64L << 20; // The most that a segment of this version has,
    private const long ArchivedBytes = 256L << 20; // and what is gathered for one that goes to an archive.
    private const long ReadBytes = 8L << 20;
    private const decimal Gib = 1L << 30;
    private const decimal MonthDays = 30;

    private readonly SortedDictionary<(int Store, StorageTier Tier), (long Gets, long GivesBack, long Sends)> _stores = [];

    /// <summary>Adds files.</summary>
    /// <param name="bytes">Bytes of their data.</param>
    /// <param name="former">Where they are; null when nobody knows.</param>
    /// <param name="wanted">Where they go.</param>
    /// <param name="isMoved">Whether they get another number with other stores: everything is written anew then, in stores of both too.</param>
    public void Add(long bytes, Placement? former, Placement wanted, bool isMoved)
    {
        int[] from = former is null ? [] : [former.Primary, .. former.Sync, .. former.Async];
        int[] to = [wanted.Primary, .. wanted.Sync, .. wanted.Async];
        int[] added = isMoved ? to : [.. to.Except(from)];
        foreach (int store in added)
        {
            Change(store, wanted.TierOf(store), bytes, 0, 0);
        }

        foreach (int store in isMoved ? from : from.Except(to))
        {
            Change(store, former!.TierOf(store), 0, bytes, 0);
        }

        if (added.Length > 0 && from.Length > 0)
        {
            int source = from.OrderBy(store => former!.TierOf(store) == StorageTier.Archive).First(); // Stable: nothing is brought back that is at hand elsewhere.
            Change(source, former!.TierOf(source), 0, 0, bytes); // Once: what is copied to several stores is read once, into the cache.
        }
    }

    /// <summary>What came out, by store.</summary>
    public IReadOnlyList<PlannedTransfer> ToTransfers(Func<int, string> nameOf, PolicyDocument document) =>
        [.. _stores.Where(static store => store.Value != default).GroupBy(static store => store.Key.Store).Select(store => ToTransfer(nameOf(store.Key), [.. store], document))];

    private void Change(int store, StorageTier tier, long gets, long givesBack, long sends)
    {
        (long Gets, long GivesBack, long Sends) sum = _stores.GetValueOrDefault((store, tier));
        _stores[(store, tier)] = (sum.Gets + gets, sum.GivesBack + givesBack, sum.Sends + sends);
    }

    private static PlannedTransfer ToTransfer(
        string name, KeyValuePair<(int Store, StorageTier Tier), (long Gets, long GivesBack, long Sends)>[] tiers, PolicyDocument document)
    {
        (long gets, long givesBack, long sends) = (tiers.Sum(static tier => tier.Value.Gets), tiers.Sum(static tier => tier.Value.GivesBack), tiers.Sum(static tier => tier.Value.Sends));
        return new PlannedTransfer(name, gets, givesBack, sends, tiers.Sum(static tier => Up(tier.Value.Gets, ObjectBytesIn(tier.Key.Tier))), Up(sends, ReadBytes))
        {
            Cost = document.FindStore(name)?.Prices?.Value is { } prices && document.Currency is { } currency
                ? tiers.Select(tier => ToCost(prices, currency, tier.Key.Tier, tier.Value)).Aggregate(static (sum, cost) => sum + cost)
                : null,
        };
    }

    private static PlannedCost ToCost(StorePrices prices, string currency, StorageTier tier, (long Gets, long GivesBack, long Sends) sum)
    {
        decimal storage = prices.Storage.GetValueOrDefault(tier);
        decimal retrieval = tier == StorageTier.Archive ? prices.ArchiveRetrieval.GetValueOrDefault(RestoreSpeed.Standard) : prices.Retrieval.GetValueOrDefault(tier);
        long restores = tier == StorageTier.Archive ? Up(sum.Sends, ArchivedBytes) : 0;
        decimal requests = (Up(sum.Gets, ObjectBytesIn(tier)) * prices.Requests.GetValueOrDefault(StoreVerb.Put) + Up(sum.Sends, ReadBytes) * prices.Requests.GetValueOrDefault(StoreVerb.Read)
            + restores * prices.Requests.GetValueOrDefault(StoreVerb.Restore) + Up(sum.GivesBack, ObjectBytesIn(tier)) * prices.Requests.GetValueOrDefault(StoreVerb.Delete)) / 1000;
        return new PlannedCost(
            currency,
            Round((sum.Gets - sum.GivesBack) / Gib * storage),
            Round(requests),
            Round(sum.Sends / Gib * retrieval),
            Round(sum.Sends / Gib * prices.Egress),
            Round(sum.GivesBack / Gib * storage * prices.MinimumDays.GetValueOrDefault(tier) / MonthDays));
    }

    private static long ObjectBytesIn(StorageTier tier) => tier == StorageTier.Archive ? ArchivedBytes : ObjectBytes;

    private static long Up(long bytes, long size) => (bytes + size - 1) / size;

    private static decimal Round(decimal money) => Math.Round(money, 8);
}
