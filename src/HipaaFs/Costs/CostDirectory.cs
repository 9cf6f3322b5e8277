namespace HipaaFs.Cli.Costs;

/// <summary>What the files of one directory of the policy cost, down to directories with rules of their own.</summary>
/// <param name="Path">The directory.</param>
/// <param name="Files">Its files.</param>
/// <param name="Bytes">Their sizes summed up.</param>
/// <param name="Month">What storing them for a month costs in all stores and tiers of their placements; null without prices. Without what snapshots and garbage take.</param>
internal sealed record CostDirectory(string Path, long Files, long Bytes, decimal? Month);
