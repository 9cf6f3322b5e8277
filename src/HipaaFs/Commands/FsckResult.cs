namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs fsck</c> found.</summary>
/// <param name="Clean">Whether nothing is wrong any more.</param>
/// <param name="Inodes">Inodes looked at.</param>
/// <param name="Segments">Segments looked at.</param>
/// <param name="Findings">What is or was wrong; ids, never names.</param>
internal sealed record FsckResult(bool Clean, long Inodes, long Segments, IReadOnlyList<FsckFinding> Findings)
{
    /// <summary>Names of the volume's stores that could not be read; null when all could be.</summary>
    public IReadOnlyList<string>? UnreadStores { get; init; }

    /// <summary>Segments that only those have, or may have. Nothing is said about them, and nothing was done.</summary>
    public long UncheckedSegments { get; init; }
}
