using HipaaFs.Metadata.Changes;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>A counter that the change stream carries.</summary>
internal readonly record struct CounterRow(VolumeCounter Counter, ulong Value);
