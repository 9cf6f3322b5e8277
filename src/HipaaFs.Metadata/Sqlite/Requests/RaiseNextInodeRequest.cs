namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to set inode numbers aside.</summary>
internal sealed record RaiseNextInodeRequest(ulong NextInode) : MetadataRequest;
