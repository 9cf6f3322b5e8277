namespace HipaaFs.Metadata.Changes;

/// <summary>A change of a directory entry. Its key: parent and tag.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Parent">The directory.</param>
/// <param name="Name">The name.</param>
/// <param name="Inode">The inode it names.</param>
/// <param name="Lifetime">Which snapshots show it.</param>
public sealed record EntryChange(ChangeKind Kind, InodeId Parent, EntryName Name, InodeId Inode, Lifetime Lifetime) : RowChange(Kind), IVersionedChange;
