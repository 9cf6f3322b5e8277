namespace HipaaFs.Placements;

/// <summary>How far the assignment of a placement to a subtree is.</summary>
/// <param name="Directories">Directories that were gone through.</param>
/// <param name="Files">Files that were looked at.</param>
/// <param name="Changed">Of both those that had another placement.</param>
public readonly record struct AssignmentProgress(long Directories, long Files, long Changed);
