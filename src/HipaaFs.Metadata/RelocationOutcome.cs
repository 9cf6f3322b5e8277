namespace HipaaFs.Metadata;

/// <summary>What still referred to the runs of a <see cref="RelocateRequest"/>, and does not any more.</summary>
/// <param name="Inodes">The files with such rows, live or past, each once. Who keeps extents of them in memory, of a snapshot's view too, must read them again.</param>
/// <param name="LiveRows">Live rows that were changed.</param>
/// <param name="PastRows">Rows that only snapshots show that were changed.</param>
public sealed record RelocationOutcome(IReadOnlyList<InodeId> Inodes, int LiveRows, int PastRows);
