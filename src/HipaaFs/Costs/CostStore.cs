namespace HipaaFs.Cli.Costs;

/// <summary>What one store costs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Tiers">What lies in it.</param>
/// <param name="Today">What this machine asked of it today, in UTC.</param>
/// <param name="ThisMonth">What it asked in this month.</param>
/// <param name="Budgets">Its budgets.</param>
internal sealed record CostStore(string Name, IReadOnlyList<CostTier> Tiers, CostUse Today, CostUse ThisMonth, IReadOnlyList<CostBudget> Budgets);
