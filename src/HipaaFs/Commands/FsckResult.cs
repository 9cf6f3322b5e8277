namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs fsck</c> found.</summary>
/// <param name="Clean">Whether nothing is wrong any more.</param>
/// <param name="Inodes">Inodes looked at.</param>
/// <param name="Segments">Segments looked at.</param>
/// <param name="Findings">What is or was wrong; ids, never names.</param>
internal sealed record FsckResult(bool Clean, long Inodes, long Segments, IReadOnlyList<FsckFinding> Findings);
