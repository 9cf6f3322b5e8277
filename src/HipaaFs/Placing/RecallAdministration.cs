using System.Globalization;
using HipaaFs.Archives;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Spending;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Brings files of an open volume back from archives, and says what that costs.</summary>
internal sealed class RecallAdministration : IDisposable
{
    private const decimal Gib = 1L << 30;
    private const int Digits = 8;

    private readonly Volume _volume;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _asking = new(1, 1); // Held from the comparison with budgets to the end of asking: two at once do not both fit into what is left.
    private Tuple<byte[], PolicyDocument>? _known;

    /// <param name="volume">The volume; open for as long as this.</param>
    /// <param name="time">The clock.</param>
    public RecallAdministration(Volume volume, TimeProvider time)
    {
        _volume = volume;
        _time = time;
    }

    /// <summary>Has files brought back, or says what that would ask for.</summary>
    /// <param name="inodes">The files.</param>
    /// <param name="request">How urgently and for how long.</param>
    /// <param name="asks">Whether it is asked for.</param>
    /// <param name="cancel">Ends it; what was asked for stays asked for.</param>
    /// <exception cref="CommandException">It would pass a budget that stops recalls; nothing was asked for.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<RecallReport> RunAsync(IReadOnlyCollection<InodeId> inodes, RestoreRequest request, bool asks, CancellationToken cancel)
    {
        PolicyDocument? policy = await ReadPolicyAsync(cancel);
        IReadOnlyList<StoreContents> stores = await _volume.DescribeStoresAsync(cancel);
        bool hasBudgets = policy?.Stores.Any(static store => store.Budget is not null) == true;
        (RecallOutcome outcome, IReadOnlyList<string> warnings) = hasBudgets
            ? await RunWithinBudgetsAsync(policy!, stores, inodes, request, asks, cancel)
            : (await _volume.RecallAsync(inodes, request, asks, cancel), []);
        return new RecallReport(
            inodes.Count,
            outcome.Archived,
            outcome.Recalling,
            outcome.Recalled,
            outcome.Failed,
            outcome.Error == StoreError.None ? null : outcome.Error.ToString(),
            outcome.Expected,
            [.. outcome.Requests.OrderBy(static store => store.Key).Select(store => Describe(stores.FirstOrDefault(known => known.Store.Number == store.Key)?.Store, store.Key, store.Value))])
        {
            Missing = outcome.Missing,
            Warnings = warnings,
            IncompleteFiles = [.. outcome.Incomplete.Select(static inode => inode.Value)],
        };

        RecallRequestLine Describe(RegisteredStore? store, int number, (long Segments, long Bytes) asked)
        {
            string name = store?.Name ?? $"store {number}";
            return ToLine(name, asked, BegunAt(request.Speed), request.Speed, policy) with
            {
                Speeds = StoreUrl.TryParse(store?.Url ?? "", out StoreUrl? url, out _)
                    ? [.. PolicyWords.Speeds.Select(speed => ToLine(name, url, asked, BegunAt(speed.Value), speed.Value, speed.Word, policy))]
                    : [],
            };

            long BegunAt(RestoreSpeed speed) => outcome.Begun.GetValueOrDefault((number, speed));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _asking.Dispose();

    private async Task<(RecallOutcome Outcome, IReadOnlyList<string> Warnings)> RunWithinBudgetsAsync(
        PolicyDocument policy, IReadOnlyList<StoreContents> stores, IReadOnlyCollection<InodeId> inodes, RestoreRequest request, bool asks, CancellationToken cancel)
    {
        if (!asks)
        {
            RecallOutcome foreseen = await _volume.RecallAsync(inodes, request, asks: false, cancel);
            return (foreseen, CompareWithBudgets(policy, stores, foreseen, request.Speed, asks: false));
        }

        await _asking.WaitAsync(cancel);
        try
        {
            RecallOutcome foreseen = await _volume.RecallAsync(inodes, request, asks: false, cancel);
            IReadOnlyList<string> warnings = CompareWithBudgets(policy, stores, foreseen, request.Speed, asks: true);
            return (await _volume.RecallAsync(inodes, request, asks: true, cancel), warnings);
        }
        finally
        {
            _asking.Release();
        }
    }

    // What it would cost is known before; once the stores were asked it is owed.
    private List<string> CompareWithBudgets(PolicyDocument policy, IReadOnlyList<StoreContents> stores, RecallOutcome outcome, RestoreSpeed speed, bool asks)
    {
        IReadOnlyList<StoreSpending> spending = _volume.DescribeSpending();
        var warnings = new List<string>();
        var refusals = new List<string>();
        foreach ((int number, (long segments, _)) in outcome.Requests.OrderBy(static store => store.Key))
        {
            long begun = outcome.Begun.GetValueOrDefault((number, speed));
            if (stores.FirstOrDefault(store => store.Store.Number == number)?.Store.Name is not { } name || policy.FindStore(name) is not { } store)
            {
                continue;
            }

            foreach (RecallShortage shortage in RecallBudget.Compare(store, policy.Currency, spending.FirstOrDefault(spent => spent.Store == number), (segments, begun), speed))
            {
                (shortage.Stops ? refusals : warnings).Add(shortage.ToString());
            }

            if (begun > 0 && RecallBudget.IsBlind(store, speed))
            {
                warnings.Add($"store {name} has a budget of money, and no price for what it brings back at this speed: that is not counted");
            }
        }

        if (!asks)
        {
            return [.. refusals.Select(static refusal => $"this is refused as it is: {refusal}"), .. warnings];
        }

        return refusals.Count == 0
            ? warnings
            : throw new CommandException(
                ExitCode.Refused,
                $"recall: {refusals[0]}",
                "Recall less, or at a cheaper --speed, wait until the next day or month begins, or give the store a larger budget: 'budget:' in the policy, then 'hipaafs policy apply'. --dry-run shows what each speed costs.")
            {
                Problems = refusals.Count == 1 ? [] : refusals,
            };
    }

    /// <summary>What it costs to bring back so many objects and bytes of each store, by its number, at the usual speed; null without prices.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async ValueTask<string?> PriceAsync(IReadOnlyDictionary<int, (long Segments, long Bytes)> requests, CancellationToken cancel)
    {
        if (await ReadPolicyAsync(cancel) is not { } policy)
        {
            return null;
        }

        IReadOnlyList<StoreContents> stores = await _volume.DescribeStoresAsync(cancel);
        decimal sum = 0;
        foreach ((int number, (long Segments, long Bytes) asked) in requests)
        {
            string? store = stores.FirstOrDefault(store => store.Store.Number == number)?.Store.Name;
            if (store is null || ToLine(store, asked, asked.Bytes, RestoreSpeed.Standard, policy).Cost is not { } cost)
            {
                return null;
            }

            sum += cost;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{sum:0.00######} {policy.Currency}");
    }

    // It may be long, and is asked for by programs that look at many files.
    private async ValueTask<PolicyDocument?> ReadPolicyAsync(CancellationToken cancel)
    {
        if (await _volume.ReadPolicyAsync(cancel) is not { } text)
        {
            return null;
        }

        if (Volatile.Read(ref _known) is { } known && known.Item1.AsSpan().SequenceEqual(text))
        {
            return known.Item2;
        }

        PolicyDocument policy = PolicyFile.Parse(text, "policy", DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime)).Document;
        Volatile.Write(ref _known, Tuple.Create((byte[])[.. text], policy));
        return policy;
    }

    private static RecallRequestLine ToLine(string store, (long Segments, long Bytes) asked, long begun, RestoreSpeed speed, PolicyDocument? policy) =>
        policy?.FindStore(store)?.Prices?.Value is { } prices && policy.Currency is { } currency
            ? new RecallRequestLine(store, asked.Segments, asked.Bytes, CostOf(prices, asked.Segments, begun, speed), currency)
            : new RecallRequestLine(store, asked.Segments, asked.Bytes, null, null);

    private static RecallSpeedLine ToLine(string store, StoreUrl url, (long Segments, long Bytes) asked, long begun, RestoreSpeed speed, string word, PolicyDocument? policy)
    {
        UsualRecallTime? usual = UsualRecallTime.Of(url, speed);
        return new RecallSpeedLine(word, usual?.AtLeast.TotalSeconds, usual?.AtMost.TotalSeconds, ToLine(store, asked, begun, speed, policy).Cost, UsualRecallTime.IsOffered(url, speed));
    }

    // A speed without a price is not one that costs nothing.
    private static decimal? CostOf(StorePrices prices, long segments, long begun, RestoreSpeed speed) => prices.ArchiveRetrieval.TryGetValue(speed, out decimal retrieval)
        ? Math.Round((segments * prices.Requests.GetValueOrDefault(StoreVerb.Restore) / 1000) + (begun / Gib * retrieval), Digits)
        : null;
}
