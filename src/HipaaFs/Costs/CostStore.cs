namespace HipaaFs.Cli.Costs;

/// <summary>What one store costs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Tiers">What lies in it.</param>
/// <param name="Today">What this machine asked of it today, in UTC.</param>
/// <param name="ThisMonth">What it asked in this month.</param>
/// <param name="Budgets">Its budgets.</param>
internal sealed record CostStore(string Name, IReadOnlyList<CostTier> Tiers, CostUse Today, CostUse ThisMonth, IReadOnlyList<CostBudget> Budgets)
{
    /// <summary>"replication" and "recall", as far as they stop while a budget is used up: within a minute of that, on this machine.</summary>
    public IReadOnlyList<string> Stopped { get; init; } = [];
}
