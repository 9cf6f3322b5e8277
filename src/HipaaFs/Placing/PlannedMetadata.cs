namespace HipaaFs.Cli.Placing;

/// <summary>What a policy changes of the stores that have change stream and key ring.</summary>
/// <param name="Home">The volume's home, which has them.</param>
/// <param name="Added">Stores that get copies of them from then on.</param>
/// <param name="Dropped">Stores that get none any more, and lose those that they have.</param>
internal sealed record PlannedMetadata(string Home, IReadOnlyList<string> Added, IReadOnlyList<string> Dropped);
