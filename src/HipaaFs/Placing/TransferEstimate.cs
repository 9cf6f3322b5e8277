using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>Adds up what each store gets, sends and gives back when files change their placements, and what that costs.</summary>
internal sealed class TransferEstimate
{
    private const long ObjectBytes = 64L << 20; // The most that a segment of this version has.
    private const long ReadBytes = 8L << 20;
    private const decimal Gib = 1L << 30;
    private const decimal MonthDays = 30;

    private readonly SortedDictionary<int, (long Gets, long GivesBack, long Sends)> _stores = [];

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
            Change(store, bytes, 0, 0);
        }

        foreach (int store in isMoved ? from : from.Except(to))
        {
            Change(store, 0, bytes, 0);
        }

        if (added.Length > 0 && from.Length > 0)
        {
            Change(from[0], 0, 0, bytes); // Once: what is copied to several stores is read once, into the cache.
        }
    }

    /// <summary>What came out, by store.</summary>
    public IReadOnlyList<PlannedTransfer> ToTransfers(Func<int, string> nameOf, PolicyDocument document) =>
        [.. _stores.Where(static store => store.Value != default).Select(store => ToTransfer(nameOf(store.Key), store.Value, document))];

    private void Change(int store, long gets, long givesBack, long sends)
    {
        (long Gets, long GivesBack, long Sends) sum = _stores.GetValueOrDefault(store);
        _stores[store] = (sum.Gets + gets, sum.GivesBack + givesBack, sum.Sends + sends);
    }

    private static PlannedTransfer ToTransfer(string name, (long Gets, long GivesBack, long Sends) sum, PolicyDocument document)
    {
        long puts = Up(sum.Gets, ObjectBytes);
        long reads = Up(sum.Sends, ReadBytes);
        return new PlannedTransfer(name, sum.Gets, sum.GivesBack, sum.Sends, puts, reads)
        {
            Cost = document.FindStore(name)?.Prices?.Value is { } prices && document.Currency is { } currency ? ToCost(prices, currency, sum, puts, reads) : null,
        };
    }

    // New data and data that no transition has moved is hot.
    private static PlannedCost ToCost(StorePrices prices, string currency, (long Gets, long GivesBack, long Sends) sum, long puts, long reads)
    {
        decimal storage = prices.Storage.GetValueOrDefault(StorageTier.Hot);
        decimal requests = (puts * prices.Requests.GetValueOrDefault(StoreVerb.Put) + reads * prices.Requests.GetValueOrDefault(StoreVerb.Read)
            + Up(sum.GivesBack, ObjectBytes) * prices.Requests.GetValueOrDefault(StoreVerb.Delete)) / 1000;
        return new PlannedCost(
            currency,
            Round((sum.Gets - sum.GivesBack) / Gib * storage),
            Round(requests),
            Round(sum.Sends / Gib * prices.Retrieval.GetValueOrDefault(StorageTier.Hot)),
            Round(sum.Sends / Gib * prices.Egress),
            Round(sum.GivesBack / Gib * storage * prices.MinimumDays.GetValueOrDefault(StorageTier.Hot) / MonthDays));
    }

    private static long Up(long bytes, long size) => (bytes + size - 1) / size;

    private static decimal Round(decimal money) => Math.Round(money, 4);
}
