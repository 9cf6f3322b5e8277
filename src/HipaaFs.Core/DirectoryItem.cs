using HipaaFs.Metadata;

namespace HipaaFs;

/// <summary>One line of a directory listing.</summary>
/// <param name="NextCookie">Where a listing resumes after this item.</param>
/// <param name="Name">The name's bytes.</param>
/// <param name="Attributes">Of the inode it names.</param>
public readonly record struct DirectoryItem(ulong NextCookie, ReadOnlyMemory<byte> Name, InodeAttributes Attributes);
