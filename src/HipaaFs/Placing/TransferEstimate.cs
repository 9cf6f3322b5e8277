using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>Adds up what each store gets, sends and gives back when files change their placements, in which objects it only changes the class, and what that costs.</summary>
internal sealed class TransferEstimate
{
    /// <summary>Bytes of a full object of this version: the most that one usually has.</summary>
    public const long ObjectBytes = 64L << 20;

    private const long ArchivedBytes = 256L << 20; // What is gathered for an object that goes to an archive.
    private const long LeastForArchive = 48L << 20; // Smaller objects are gathered on their way there, not changed where they are.
    private const long ReadBytes = 8L << 20;
    private const decimal Gib = 1L << 30;
    private const decimal MonthDays = 30;

    private readonly SortedDictionary<(int Store, StorageTier Tier), TierTransfer> _tiers = [];
    private readonly SortedDictionary<(int Store, StorageTier From, StorageTier To), SegmentChange> _changes = [];

    /// <summary>Adds files.</summary>
    /// <param name="bytes">Bytes of their data.</param>
    /// <param name="former">Where they are; null when nobody knows.</param>
    /// <param name="wanted">Where they go.</param>
    /// <param name="isMoved">Whether they get another number with other stores or tiers: where stores differ everything is written anew then, in stores of both too.</param>
    /// <param name="objectBytes">Bytes of one of the objects that they are in.</param>
    public void Add(long bytes, Placement? former, Placement wanted, bool isMoved, long objectBytes = ObjectBytes)
    {
        if (isMoved && former is not null && ListTierChanges(former, wanted, objectBytes) is { } changes)
        {
            foreach ((int store, StorageTier from, StorageTier to) in changes)
            {
                SegmentChange sum = _changes.GetValueOrDefault((store, from, to));
                _changes[(store, from, to)] = new SegmentChange(sum.Bytes + bytes, sum.Objects + Up(bytes, objectBytes));
            }

            return;
        }

        int[] of = former is null ? [] : StoresOf(former);
        int[] added = isMoved ? StoresOf(wanted) : [.. StoresOf(wanted).Except(of)];
        foreach (int store in added)
        {
            Change(store, wanted.TierOf(store), new TierTransfer { Gets = bytes });
        }

        foreach (int store in isMoved ? of : of.Except(StoresOf(wanted)))
        {
            Change(store, former!.TierOf(store), new TierTransfer { GivesBack = bytes, Deletes = Up(bytes, objectBytes) });
        }

        if (added.Length > 0 && of.Length > 0)
        {
            int source = of.OrderBy(store => former!.TierOf(store) == StorageTier.Archive).First(); // Stable: nothing is brought back that is at hand elsewhere.
            StorageTier tier = former!.TierOf(source);
            Change(source, tier, new TierTransfer { Sends = bytes, Restores = tier == StorageTier.Archive ? Up(bytes, objectBytes) : 0 }); // Once: what is copied to several stores is read once, into the cache.
        }
    }

    /// <summary>What came out, by store.</summary>
    public IReadOnlyList<PlannedTransfer> ToTransfers(Func<int, string> nameOf, PolicyDocument document) =>
    [
        .. _tiers.Where(static tier => tier.Value != default).Select(static tier => tier.Key.Store)
            .Concat(_changes.Where(static change => change.Value != default).Select(static change => change.Key.Store))
            .Distinct()
            .Order()
            .Select(store => ToTransfer(store, nameOf(store), document)),
    ];

    // As the mover does it: the same stores, none of which has it in an archive, and objects large enough where they go to one. Null: it is read and written.
    private static List<(int Store, StorageTier From, StorageTier To)>? ListTierChanges(Placement former, Placement wanted, long objectBytes)
    {
        if (!former.PlacesLike(wanted with { Tiers = former.Tiers }))
        {
            return null;
        }

        List<(int Store, StorageTier From, StorageTier To)> changes =
            [.. StoresOf(wanted).Select(store => (store, former.TierOf(store), wanted.TierOf(store))).Where(static change => change.Item2 != change.Item3)];
        return changes.Count == 0 || changes.Exists(change => change.From == StorageTier.Archive || (change.To == StorageTier.Archive && objectBytes < LeastForArchive)) ? null : changes;
    }

    private static int[] StoresOf(Placement placement) => [placement.Primary, .. placement.Sync, .. placement.Async];

    private void Change(int store, StorageTier tier, TierTransfer more) => _tiers[(store, tier)] = _tiers.GetValueOrDefault((store, tier)) + more;

    private PlannedTransfer ToTransfer(int number, string name, PolicyDocument document)
    {
        KeyValuePair<(int Store, StorageTier Tier), TierTransfer>[] tiers = [.. _tiers.Where(tier => tier.Key.Store == number)];
        KeyValuePair<(int Store, StorageTier From, StorageTier To), SegmentChange>[] changes = [.. _changes.Where(change => change.Key.Store == number)];
        TierTransfer sum = tiers.Aggregate(default(TierTransfer), static (sum, tier) => sum + tier.Value);
        PolicyStore? store = document.FindStore(name);
        PlannedCost? cost = null;
        if (store?.Prices?.Value is { } prices && document.Currency is { } currency)
        {
            bool isCopied = store.Url?.Scheme != StoreScheme.AzureBlob;
            cost = tiers.Select(tier => ToCost(prices, currency, tier.Key.Tier, tier.Value))
                .Concat(changes.Select(change => ToCost(prices, currency, isCopied, (change.Key.From, change.Key.To), change.Value)))
                .Aggregate(static (all, one) => all + one);
        }

        return new PlannedTransfer(name, sum.Gets, sum.GivesBack, sum.Sends, tiers.Sum(static tier => Puts(tier.Key.Tier, tier.Value)), Up(sum.Sends, ReadBytes))
        {
            Changes = changes.Sum(static change => change.Value.Bytes),
            ChangeRequests = changes.Sum(static change => change.Value.Objects),
            Cost = cost,
        };
    }

    private static PlannedCost ToCost(StorePrices prices, string currency, StorageTier tier, TierTransfer sum)
    {
        decimal storage = prices.Storage.GetValueOrDefault(tier);
        decimal retrieval = tier == StorageTier.Archive ? prices.ArchiveRetrieval.GetValueOrDefault(RestoreSpeed.Standard) : prices.Retrieval.GetValueOrDefault(tier);
        decimal requests = (Puts(tier, sum) * prices.Requests.GetValueOrDefault(StoreVerb.Put) + Up(sum.Sends, ReadBytes) * prices.Requests.GetValueOrDefault(StoreVerb.Read)
            + sum.Restores * prices.Requests.GetValueOrDefault(StoreVerb.Restore) + sum.Deletes * prices.Requests.GetValueOrDefault(StoreVerb.Delete)) / 1000;
        return new PlannedCost(
            currency,
            Round((sum.Gets - sum.GivesBack) / Gib * storage),
            Round(requests),
            Round(sum.Sends / Gib * retrieval),
            Round(sum.Sends / Gib * prices.Egress),
            EarlyDeletion(prices, tier, sum.GivesBack));
    }

    // S3 copies the object onto itself: a put, and reading from the class that it leaves. Azure is told the tier, and charges what it reads where that is a warmer one.
    private static PlannedCost ToCost(StorePrices prices, string currency, bool isCopied, (StorageTier From, StorageTier To) tiers, SegmentChange change)
    {
        bool isRead = isCopied || tiers.To < tiers.From;
        return new PlannedCost(
            currency,
            Round(change.Bytes / Gib * (prices.Storage.GetValueOrDefault(tiers.To) - prices.Storage.GetValueOrDefault(tiers.From))),
            Round(change.Objects * prices.Requests.GetValueOrDefault(isCopied ? StoreVerb.Put : StoreVerb.SetTier) / 1000),
            isRead ? Round(change.Bytes / Gib * prices.Retrieval.GetValueOrDefault(tiers.From)) : 0,
            Egress: 0,
            EarlyDeletion(prices, tiers.From, change.Bytes));
    }

    private static decimal EarlyDeletion(StorePrices prices, StorageTier tier, long bytes) =>
        Round(bytes / Gib * prices.Storage.GetValueOrDefault(tier) * prices.MinimumDays.GetValueOrDefault(tier) / MonthDays);

    private static long Puts(StorageTier tier, TierTransfer sum) => Up(sum.Gets, tier == StorageTier.Archive ? ArchivedBytes : ObjectBytes);

    private static long Up(long bytes, long size) => (bytes + size - 1) / size;

    private static decimal Round(decimal money) => Math.Round(money, 8);
}
