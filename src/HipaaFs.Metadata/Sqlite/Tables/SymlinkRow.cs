namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>A live row of the table of symbolic links' targets.</summary>
internal readonly record struct SymlinkRow(InodeId Inode, ReadOnlyMemory<byte> Target, ulong Born);
