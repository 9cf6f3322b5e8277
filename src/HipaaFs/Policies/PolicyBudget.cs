namespace HipaaFs.Cli.Policies;

/// <summary>The budget of a store, or of a tree.</summary>
/// <param name="Day">For a day; null for no limit.</param>
/// <param name="Month">For a month; null for no limit.</param>
/// <param name="WarnAt">The share of either at which there is a warning.</param>
/// <param name="Stop">What stops when either is used up; empty when there is only a warning.</param>
internal sealed record PolicyBudget(BudgetLimit? Day, BudgetLimit? Month, double WarnAt, IReadOnlyList<BudgetStop> Stop)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Join("; ", new[]
    {
        Day is null ? null : $"{Day} a day",
        Month is null ? null : $"{Month} a month",
        Stop.Count == 0 ? null : $"stops {string.Join(", ", Stop.Select(PolicyWords.Of))}",
    }.OfType<string>());
}
