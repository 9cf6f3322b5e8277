using HipaaFs.Placements;

namespace HipaaFs.Cli.Placing;

/// <summary>What a directory, or its files of one pattern, should have for a placement.</summary>
/// <param name="Rule">Which directory.</param>
/// <param name="Pattern">Which of its patterns; -1 for the directory and all other files.</param>
/// <param name="Wanted">The placement; its number says nothing yet.</param>
/// <param name="Current">The number of the placement that stands for the same now; null when there is none.</param>
internal sealed record PlacementWish(int Rule, int Pattern, Placement Wanted, uint? Current);
