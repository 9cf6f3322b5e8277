using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Compaction;

/// <summary>What became of a <see cref="MoveRequest"/>.</summary>
/// <param name="CopiedBytes">Bytes that are in new segments.</param>
/// <param name="Freed">Of the segments to be emptied those that no file and no snapshot refers to any more.</param>
/// <param name="Unreadable">Segments of which something could not be read.</param>
/// <param name="IsComplete">Whether everything asked for was done.</param>
internal sealed record MoveOutcome(long CopiedBytes, IReadOnlyList<SegmentRow> Freed, IReadOnlySet<SegmentId> Unreadable, bool IsComplete);
