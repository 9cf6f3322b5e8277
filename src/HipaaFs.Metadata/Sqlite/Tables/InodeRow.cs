namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>A live row of the inode table.</summary>
internal readonly record struct InodeRow(InodeAttributes Attributes, ulong Born);
