namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to set or, with null, to remove a setting.</summary>
internal sealed record SetSettingRequest(string Key, ReadOnlyMemory<byte>? Value) : MetadataRequest;
