using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Spending;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Costs;

/// <summary>Holds what lies in the stores of a volume, and what is asked of them, against the prices and budgets of its policy.</summary>
internal sealed class CostReporting
{
    private const decimal Gib = 1L << 30;
    private const int Digits = 8;

    /// <summary>A budget that is used by less than where it warns.</summary>
    internal const string Ok = "ok";

    /// <summary>One of which nothing is left.</summary>
    internal const string Over = "over";

    private readonly Volume _volume;
    private readonly PolicyDocument? _policy;

    private CostReporting(Volume volume, PolicyDocument? policy)
    {
        _volume = volume;
        _policy = policy;
    }

    /// <summary>Looks at everything now.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="today">The day it is, in UTC.</param>
    /// <param name="progress">Told how much was counted.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public static async Task<CostReport> RunAsync(Volume volume, DateOnly today, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        PolicyDocument? policy = await volume.ReadPolicyAsync(cancel) is { } text ? PolicyFile.Parse(text, "policy", today).Document : null;
        return await new CostReporting(volume, policy).RunAsync(progress, cancel);
    }

    /// <summary>What was asked of a store, in money.</summary>
    internal static decimal MoneyOf(SpentRequests spent, StorePrices prices)
    {
        decimal requests = 0;
        foreach ((StoreVerb verb, long count) in spent.ByVerb)
        {
            requests += count * prices.Requests.GetValueOrDefault(verb == StoreVerb.PutFile ? StoreVerb.Put : verb);
        }

        return decimal.Round((requests / 1000) + (spent.ReceivedBytes / Gib * prices.Egress) + RetrievalOf(spent, prices), Digits);
    }

    // A speed without a price counts as nothing here: 'recall' says so before it asks.
    private static decimal RetrievalOf(SpentRequests spent, StorePrices prices) =>
        decimal.Round(spent.RestoredBytes.Sum(restored => restored.Value / Gib * prices.ArchiveRetrieval.GetValueOrDefault(restored.Key)), Digits);

    /// <summary>What was asked of a store, as it is reported.</summary>
    internal static CostUse ToUse(SpentRequests spent, StorePrices? prices) =>
        new(spent.Requests, spent.SentBytes, spent.ReceivedBytes, prices is null ? null : MoneyOf(spent, prices))
        {
            RestoredBytes = spent.RestoredBytes.Values.Sum(),
            Retrieval = prices is null ? null : RetrievalOf(spent, prices),
        };

    /// <summary>How much of a budget is used.</summary>
    internal static IReadOnlyList<CostBudget> Compare(PolicyBudget budget, CostUse day, CostUse month) =>
        [.. Compare("day", budget.Day, day, budget.WarnAt), .. Compare("month", budget.Month, month, budget.WarnAt)];

    /// <summary>What stops while so much of a budget is used.</summary>
    internal static SpendingStop StopsOf(PolicyBudget budget, IReadOnlyList<CostBudget> used) => used.Any(static line => line.State == Over)
        ? budget.Stop.Aggregate(SpendingStop.None, static (all, stop) => all | (stop == BudgetStop.Recall ? SpendingStop.Recall : SpendingStop.Replication))
        : SpendingStop.None;

    private static IEnumerable<CostBudget> Compare(string period, BudgetLimit? limit, CostUse use, double warnAt)
    {
        (string What, decimal? Limit, decimal? Used)[] limits =
        [
            ("requests", limit?.Requests, use.Requests),
            ("bytes", limit?.Bytes, use.SentBytes + use.ReceivedBytes),
            ("money", limit?.Money?.Value, use.Money),
        ];
        foreach ((string what, decimal? most, decimal? used) in limits)
        {
            if (most is { } known && used is { } now)
            {
                yield return new CostBudget(period, what, now, known, now >= known ? Over : now >= known * (decimal)warnAt ? "warn" : Ok);
            }
        }
    }

    private async Task<CostReport> RunAsync(Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        RegisteredStore[] stores = [.. (await _volume.DescribeStoresAsync(cancel)).Select(static contents => contents.Store)];
        CopyTotals totals = await _volume.SumCopiesAsync(cancel);
        Dictionary<int, StoreSpending> spending = _volume.DescribeSpending().ToDictionary(static spent => spent.Store);
        CostStore[] costs = [.. stores.Select(store => ToStore(store, totals, spending.GetValueOrDefault(store.Number)))];
        if (_policy is null)
        {
            return new CostReport(null, costs, []);
        }

        var survey = new PlacementSurvey(_volume.FileSystem, entries => progress(new ProgressUpdate("count", entries, 0, "entries")));
        IReadOnlyList<RuleDirectory> directories = await survey.FindAsync(RuleDirectory.Of(_policy), cancel);
        IReadOnlyDictionary<SurveyKey, SurveyCount> counts = await survey.CountAsync(directories, cancel);
        Dictionary<int, RegisteredStore> known = stores.ToDictionary(static store => store.Number);
        return new CostReport(_policy.Currency, costs, ListDirectories(directories, counts, known)) { Classes = ListClasses(directories, counts, known) };
    }

    private CostStore ToStore(RegisteredStore store, CopyTotals totals, StoreSpending? spent)
    {
        StorePrices? prices = PricesOf(store);
        var tiers = new SortedDictionary<StorageTier, CopySum>();
        foreach (CopyGroup group in totals.Groups.Where(group => (group.Copies & SegmentCopies.In(store.Number)) != 0))
        {
            StorageTier tier = Find(group.Placement)?.TierOf(store.Number) ?? StorageTier.Hot;
            tiers[tier] = tiers.GetValueOrDefault(tier) + group.Sum;
        }

        CostUse today = ToUse(spent?.Today ?? SpentRequests.None, prices);
        CostUse month = ToUse(spent?.ThisMonth ?? SpentRequests.None, prices);
        PolicyBudget? budget = _policy?.FindStore(store.Name)?.Budget;
        IReadOnlyList<CostBudget> used = budget is null ? [] : Compare(budget, today, month);
        return new CostStore(
            store.Name,
            [.. tiers.Select(tier => new CostTier(
                PolicyWords.Of(tier.Key), tier.Value.Segments, tier.Value.ObjectBytes, prices is null ? null : Round(tier.Value.ObjectBytes / Gib * prices.Storage.GetValueOrDefault(tier.Key))))],
            today,
            month,
            used)
        {
            Stopped = budget is not null && StopsOf(budget, used) != SpendingStop.None ? [.. budget.Stop.Select(PolicyWords.Of)] : [],
        };
    }

    private CostDirectory[] ListDirectories(IReadOnlyList<RuleDirectory> directories, IReadOnlyDictionary<SurveyKey, SurveyCount> counts, Dictionary<int, RegisteredStore> stores)
    {
        var costs = new List<CostDirectory>();
        for (int rule = 0; rule < directories.Count; rule++)
        {
            (SurveyCount all, decimal? month) = Sum(counts.Where(count => count.Key.Rule == rule), stores);
            costs.Add(new CostDirectory(directories[rule].Path, all.Files, all.Bytes, month));
        }

        return [.. costs];
    }

    // A file is of the class that its directory has, or the first pattern that matches its name.
    private CostClass[] ListClasses(IReadOnlyList<RuleDirectory> directories, IReadOnlyDictionary<SurveyKey, SurveyCount> counts, Dictionary<int, RegisteredStore> stores)
    {
        string?[] named = [.. directories.SelectMany(static directory => directory.Patterns.Prepend(directory.Policy)).Select(static policy => policy.Get(PolicyFields.CostClass)).Distinct()];
        return named is [null]
            ? []
            :
            [
                .. named.OrderBy(static name => name is null).ThenBy(static name => name, StringComparer.Ordinal).Select(name =>
                {
                    (SurveyCount all, decimal? month) = Sum(counts.Where(count => ClassOf(count.Key) == name), stores);
                    return new CostClass(name, all.Files, all.Bytes, month);
                }),
            ];

        string? ClassOf(SurveyKey key) => (key.Pattern < 0 ? directories[key.Rule].Policy : directories[key.Rule].Patterns[key.Pattern]).Get(PolicyFields.CostClass);
    }

    private (SurveyCount All, decimal? Month) Sum(IEnumerable<KeyValuePair<SurveyKey, SurveyCount>> counts, Dictionary<int, RegisteredStore> stores)
    {
        SurveyCount all = default;
        decimal month = 0;
        foreach ((SurveyKey key, SurveyCount count) in counts)
        {
            all += count;
            month += count.Bytes / Gib * PriceOf(key.Placement, stores);
        }

        return (all, _policy?.Currency is null ? null : Round(month));
    }

    // Of a GiB for a month, in all stores of a placement.
    private decimal PriceOf(uint number, Dictionary<int, RegisteredStore> stores) => Find(number) is not { } placement
        ? 0
        : ((int[])[placement.Primary, .. placement.Sync, .. placement.Async]).Sum(
            store => stores.TryGetValue(store, out RegisteredStore? known) ? PricesOf(known)?.Storage.GetValueOrDefault(placement.TierOf(store)) ?? 0 : 0);

    private StorePrices? PricesOf(RegisteredStore store) => _policy?.FindStore(store.Name)?.Prices?.Value;

    private Placement? Find(uint number) => number < _volume.Placements.Count ? _volume.Placements[(int)number] : null;

    private static decimal Round(decimal money) => decimal.Round(money, Digits);
}
