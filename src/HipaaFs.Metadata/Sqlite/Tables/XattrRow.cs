namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>A live row of the extended attribute table.</summary>
internal readonly record struct XattrRow(InodeId Inode, SealedXattr Xattr, ulong Born);
