namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>A live row of the extent table.</summary>
internal readonly record struct ExtentRow(InodeId Inode, Extent Extent, ulong Born);
