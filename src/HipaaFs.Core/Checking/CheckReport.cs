namespace HipaaFs.Checking;

/// <summary>What a check found.</summary>
/// <param name="Inodes">Inodes looked at.</param>
/// <param name="Segments">Segments looked at.</param>
/// <param name="Findings">What is or was wrong; empty for a clean volume.</param>
public sealed record CheckReport(long Inodes, long Segments, IReadOnlyList<CheckFinding> Findings)
{
    /// <summary>Segments that only stores have, or may have, that could not be read: nothing is said about them, and nothing was done.</summary>
    public long UncheckedSegments { get; init; }

    /// <summary>Names of the volume's stores that could not be read.</summary>
    public IReadOnlyList<string> UnreadStores { get; init; } = [];
}
