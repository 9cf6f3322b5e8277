namespace HipaaFs.Cli.Costs;

/// <summary>What the files cost for which the policy says one <c>cost_class</c>, wherever they are.</summary>
/// <param name="Name">The class; null for those without one.</param>
/// <param name="Files">Its files.</param>
/// <param name="Bytes">Their sizes summed up.</param>
/// <param name="Month">What storing them for a month costs in all stores and tiers of their placements; null without prices. Without what snapshots and garbage take.</param>
internal sealed record CostClass(string? Name, long Files, long Bytes, decimal? Month);
