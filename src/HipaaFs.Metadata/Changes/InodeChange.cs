namespace HipaaFs.Metadata.Changes;

/// <summary>A change of an inode. Its key: the inode's number.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Inode">The row.</param>
/// <param name="Lifetime">Which snapshots show it.</param>
public sealed record InodeChange(ChangeKind Kind, InodeAttributes Inode, Lifetime Lifetime) : RowChange(Kind), IVersionedChange;
