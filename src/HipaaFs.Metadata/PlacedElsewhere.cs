using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>What a file has in segments of one placement that is not its own.</summary>
/// <param name="Placement">The placement of the segments.</param>
/// <param name="Bytes">Bytes of the file that are there.</param>
/// <param name="PastBytes">Bytes that only snapshots show of it and that are there; what several show counts once for each row.</param>
/// <param name="Segments">The segments, each once.</param>
public sealed record PlacedElsewhere(uint Placement, long Bytes, long PastBytes, IReadOnlyList<SegmentId> Segments);
