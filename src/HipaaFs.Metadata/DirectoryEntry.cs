namespace HipaaFs.Metadata;

/// <summary>One entry of a directory with the inode it names.</summary>
/// <param name="Parent">The directory; 0 when the inode was created without a name.</param>
/// <param name="Name">The entry's name; empty when the inode was created without one.</param>
/// <param name="Inode">The inode.</param>
public readonly record struct DirectoryEntry(InodeId Parent, EntryName Name, InodeAttributes Inode);
