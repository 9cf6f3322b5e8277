namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to end a session.</summary>
internal sealed record CloseSessionRequest(SessionId Session) : MetadataRequest;
