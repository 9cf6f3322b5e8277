namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to begin a session.</summary>
internal sealed record OpenSessionRequest(SessionOpening Opening) : MetadataRequest;
