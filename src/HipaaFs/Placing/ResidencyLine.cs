namespace HipaaFs.Cli.Placing;

/// <summary>Where the data of one directory is, without those below it that have rules of their own.</summary>
/// <param name="Path">Its path in the volume.</param>
/// <param name="Regions">The regions that it may be in; null for all.</param>
/// <param name="Placements">Numbers of the placements that its directories and files have.</param>
/// <param name="Places">Where its data is. Directories of one placement share segments: what is there of one may be of the other.</param>
/// <param name="Violations">What is not as its regions demand, in words for people.</param>
internal sealed record ResidencyLine(
    string Path, IReadOnlyList<string>? Regions, IReadOnlyList<uint> Placements, IReadOnlyList<ResidencyPlace> Places, IReadOnlyList<string> Violations);
