using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>A file some of whose data is in segments of another placement than its own.</summary>
/// <param name="Inode">The file.</param>
/// <param name="Placement">Its placement.</param>
/// <param name="Bytes">Bytes of it that are elsewhere.</param>
/// <param name="PastBytes">Bytes that only snapshots show of it and that are elsewhere; what several show counts once for each row.</param>
/// <param name="Segments">The segments that hold them, each once.</param>
public sealed record MisplacedFile(InodeId Inode, uint Placement, long Bytes, long PastBytes, IReadOnlyList<SegmentId> Segments);
