namespace HipaaFs.Cli.Costs;

/// <summary>What a volume costs by the prices of the policy that was applied last.</summary>
/// <param name="Currency">Of every figure of money; null when the policy has no prices, and then there are none.</param>
/// <param name="Stores">The stores.</param>
/// <param name="Directories">The directories of the policy.</param>
internal sealed record CostReport(string? Currency, IReadOnlyList<CostStore> Stores, IReadOnlyList<CostDirectory> Directories)
{
    /// <summary>The same files by the policy's <c>cost_class</c>, those without one last; empty when it names none.</summary>
    public IReadOnlyList<CostClass> Classes { get; init => field = value ?? []; } = [];
}
