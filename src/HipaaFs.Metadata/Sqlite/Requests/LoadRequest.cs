using HipaaFs.Metadata.Changes;

namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to apply rows of another store.</summary>
internal sealed record LoadRequest(CommitSequence Last, IReadOnlyList<RowChange> Changes) : MetadataRequest;
