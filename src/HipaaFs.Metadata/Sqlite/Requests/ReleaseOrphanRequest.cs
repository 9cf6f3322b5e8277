namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to give up an orphan.</summary>
internal sealed record ReleaseOrphanRequest(InodeId Inode) : MetadataRequest;
