using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Spending;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Cli.Costs;

/// <summary>Says what a store is not asked for any more, by the budget that the policy applied last gives it, and warns before.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed partial class BudgetJudgement
{
    private readonly Volume _volume;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Dictionary<(int Store, string Period, string What), string> _told = []; // What each was when it was logged last. Guarded by _lock.

    /// <param name="volume">The volume.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told when a budget begins to run short, and when it is used up.</param>
    public BudgetJudgement(Volume volume, TimeProvider time, ILogger logger)
    {
        _volume = volume;
        _time = time;
        _logger = logger;
    }

    /// <summary>Looks at what was asked of the stores so far.</summary>
    /// <exception cref="IOException">The policy cannot be read.</exception>
    public async ValueTask<IReadOnlyDictionary<int, SpendingStop>> JudgeAsync(IReadOnlyList<StoreSpending> spending, CancellationToken cancel)
    {
        var stops = new Dictionary<int, SpendingStop>();
        if (await _volume.ReadPolicyAsync(cancel) is not { } text)
        {
            return stops;
        }

        PolicyDocument policy = Parse(text);
        lock (_lock)
        {
            Judge(policy, spending, stops);
        }

        return stops;
    }

    private void Judge(PolicyDocument policy, IReadOnlyList<StoreSpending> spending, Dictionary<int, SpendingStop> stops)
    {
        var told = new Dictionary<(int Store, string Period, string What), string>();
        foreach (RegisteredStore store in _volume.Stores)
        {
            if (policy.FindStore(store.Name) is not { Budget: { } budget } placed || spending.FirstOrDefault(spent => spent.Store == store.Number) is not { } spent)
            {
                continue;
            }

            IReadOnlyList<CostBudget> used = CostReporting.Compare(budget, CostReporting.ToUse(spent.Today, placed.Prices?.Value), CostReporting.ToUse(spent.ThisMonth, placed.Prices?.Value));
            stops[store.Number] = CostReporting.StopsOf(budget, used);
            Tell(store.Number, used, stops[store.Number], told);
        }

        _told = told;
    }

    private PolicyDocument Parse(byte[] text)
    {
        try
        {
            return PolicyFile.Parse(text, "policy", DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime)).Document;
        }
        catch (CommandException error)
        {
            throw new IOException(error.Message, error); // It was right when it was applied, and what it stopped stays stopped.
        }
    }

    private void Tell(int store, IReadOnlyList<CostBudget> used, SpendingStop stops, Dictionary<(int Store, string Period, string What), string> told)
    {
        foreach (CostBudget line in used)
        {
            told[(store, line.Period, line.What)] = line.State;
            if (line.State == CostReporting.Ok || _told.GetValueOrDefault((store, line.Period, line.What)) == line.State)
            {
                continue;
            }

            if (line.State == CostReporting.Over)
            {
                LogOver(_logger, store, line.What, line.Period, stops);
            }
            else
            {
                LogShort(_logger, store, line.What, line.Period, (int)(line.Used * 100 / line.Limit));
            }
        }
    }

    [LoggerMessage(740, LogLevel.Warning, "{Percent} % of the {What} that store {Store} may cost a {Period} are used")]
    private static partial void LogShort(ILogger logger, int store, string what, string period, int percent);

    [LoggerMessage(741, LogLevel.Error, "The {What} that store {Store} may cost a {Period} are used up; until the next one begins this is stopped: {Stops}")]
    private static partial void LogOver(ILogger logger, int store, string what, string period, SpendingStop stops);
}
