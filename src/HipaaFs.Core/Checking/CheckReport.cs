namespace HipaaFs.Checking;

/// <summary>What a check found.</summary>
/// <param name="Inodes">Inodes looked at.</param>
/// <param name="Segments">Segments looked at.</param>
/// <param name="Findings">What is or was wrong; empty for a clean volume.</param>
public sealed record CheckReport(long Inodes, long Segments, IReadOnlyList<CheckFinding> Findings);
