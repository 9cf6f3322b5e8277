namespace HipaaFs.Metadata.Changes;

/// <summary>A change of a symbolic link's target. Its key: the inode.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Inode">The inode.</param>
/// <param name="Target">The sealed target.</param>
/// <param name="Lifetime">Which snapshots show it.</param>
public sealed record SymlinkChange(ChangeKind Kind, InodeId Inode, ReadOnlyMemory<byte> Target, Lifetime Lifetime) : RowChange(Kind), IVersionedChange;
