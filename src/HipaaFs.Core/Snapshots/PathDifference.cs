namespace HipaaFs.Snapshots;

/// <summary>How a file differs between a snapshot and a later state.</summary>
/// <param name="Kind">What became of it.</param>
/// <param name="Path">Its path from the root, in the newer state, or in the older one when it is gone. Names that are not UTF-8 show replacement characters.</param>
/// <param name="OldPath">Its path in the older state, when it was renamed; else null.</param>
public sealed record PathDifference(DifferenceKind Kind, string Path, string? OldPath);
