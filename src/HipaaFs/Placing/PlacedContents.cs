using HipaaFs.Placements;

namespace HipaaFs.Cli.Placing;

/// <summary>The placements of a volume, and what has them.</summary>
/// <param name="Placements">Its placements; the number of each is its place.</param>
/// <param name="Survey">Which files and directories have which.</param>
/// <param name="Shared">Placements of files, and others whose segments hold data of them, at the same places.</param>
/// <param name="Heads">Placements of archived files, and others in whose segments their heads may be.</param>
internal sealed record PlacedContents(
    IReadOnlyList<Placement> Placements,
    IReadOnlyDictionary<SurveyKey, SurveyCount> Survey,
    IReadOnlySet<(uint File, uint Segment)> Shared,
    IReadOnlySet<(uint File, uint Segment)> Heads);
