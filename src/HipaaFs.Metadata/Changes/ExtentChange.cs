namespace HipaaFs.Metadata.Changes;

/// <summary>A change of an extent. Its key: inode and file offset.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Inode">The file.</param>
/// <param name="Extent">The extent.</param>
/// <param name="Lifetime">Which snapshots show it.</param>
public sealed record ExtentChange(ChangeKind Kind, InodeId Inode, Extent Extent, Lifetime Lifetime) : RowChange(Kind), IVersionedChange;
