namespace HipaaFs.Metadata;

/// <summary>What is deleted while rows of it are still there, to be deleted in slices.</summary>
/// <param name="Inodes">Inodes that have extents left.</param>
/// <param name="Snapshots">Snapshots that past rows are left of.</param>
public sealed record PendingDeletions(IReadOnlySet<InodeId> Inodes, IReadOnlyList<SnapshotId> Snapshots);
