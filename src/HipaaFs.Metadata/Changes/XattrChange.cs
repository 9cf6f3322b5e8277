namespace HipaaFs.Metadata.Changes;

/// <summary>A change of an extended attribute. Its key: inode and tag.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Inode">The inode.</param>
/// <param name="Xattr">The attribute.</param>
/// <param name="Lifetime">Which snapshots show it.</param>
public sealed record XattrChange(ChangeKind Kind, InodeId Inode, SealedXattr Xattr, Lifetime Lifetime) : RowChange(Kind), IVersionedChange;
