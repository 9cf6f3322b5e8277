namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks for a snapshot.</summary>
internal sealed record CreateSnapshotRequest(ReadOnlyMemory<byte> Label) : MetadataRequest;
