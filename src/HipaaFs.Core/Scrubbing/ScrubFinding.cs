using HipaaFs.Crypto;
using HipaaFs.Recovery;

namespace HipaaFs.Scrubbing;

/// <summary>A segment that the store does not have as it was written.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="IsMissing">Whether the whole object is gone.</param>
/// <param name="BadFrames">Frames that are cut off or not authentic.</param>
/// <param name="IsRepaired">Whether this machine had it whole and put it back.</param>
/// <param name="FileCount">How many files cannot be read in full as long as it is not repaired, of the live tree and of snapshots.</param>
/// <param name="Files">The first of them; the log has all.</param>
public sealed record ScrubFinding(SegmentId Segment, bool IsMissing, long BadFrames, bool IsRepaired, int FileCount, IReadOnlyList<IncompleteFile> Files);
