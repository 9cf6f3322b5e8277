namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to forget recorded changes.</summary>
internal sealed record TrimChangesRequest(CommitSequence UpTo) : MetadataRequest;
