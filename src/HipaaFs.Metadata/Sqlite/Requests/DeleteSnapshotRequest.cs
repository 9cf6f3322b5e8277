namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks for the end of a snapshot.</summary>
internal sealed record DeleteSnapshotRequest(SnapshotId Snapshot) : MetadataRequest;
