using HipaaFs.Cli.Policies;
using HipaaFs.Spending;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Costs;

/// <summary>Holds what a recall would ask of a store against what is left of its budget, before it is asked for: when stores have been asked it is too late.</summary>
internal static class RecallBudget
{
    /// <summary>The limits that a recall would pass.</summary>
    /// <param name="store">The store, its prices and its budget.</param>
    /// <param name="currency">Of the prices.</param>
    /// <param name="spent">What was asked of it so far; null for nothing.</param>
    /// <param name="asked">Objects that are asked for, and the bytes that the store begins to bring back for that.</param>
    /// <param name="speed">How urgently.</param>
    public static IReadOnlyList<RecallShortage> Compare(PolicyStore store, string? currency, StoreSpending? spent, (long Segments, long Bytes) asked, RestoreSpeed speed)
    {
        if (store.Budget is not { } budget)
        {
            return [];
        }

        StorePrices? prices = store.Prices?.Value;
        var more = new SpentRequests
        {
            ByVerb = new Dictionary<StoreVerb, long> { [StoreVerb.Restore] = asked.Segments },
            RestoredBytes = new Dictionary<RestoreSpeed, long> { [speed] = asked.Bytes },
        };
        CostUse cost = CostReporting.ToUse(more, prices);
        IReadOnlyList<CostBudget> used = CostReporting.Compare(
            budget, CostReporting.ToUse(spent?.Today ?? SpentRequests.None, prices), CostReporting.ToUse(spent?.ThisMonth ?? SpentRequests.None, prices));
        return
        [
            .. used.Select(line => new RecallShortage(store.Name, line, CostOf(line), currency, budget.Stop.Contains(BudgetStop.Recall)))
                .Where(static shortage => shortage.Line.State == CostReporting.Over || shortage.Line.Used + shortage.Cost > shortage.Line.Limit),
        ];

        decimal CostOf(CostBudget line) => line.What switch
        {
            "money" => cost.Money ?? 0,
            "requests" => asked.Segments,
            _ => 0, // What comes back is read, and counted, later.
        };
    }

    /// <summary>Whether a store has a budget of money, and no price for what comes back at a speed: it costs something all the same, and nobody can count it.</summary>
    public static bool IsBlind(PolicyStore store, RestoreSpeed speed) =>
        store.Budget is { } budget && (budget.Day?.Money ?? budget.Month?.Money) is not null && store.Prices?.Value.ArchiveRetrieval.ContainsKey(speed) != true;
}
