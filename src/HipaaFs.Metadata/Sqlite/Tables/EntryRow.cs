namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>A live row of the directory entry table.</summary>
internal readonly record struct EntryRow(InodeId Parent, EntryName Name, InodeId Child, ulong Born);
