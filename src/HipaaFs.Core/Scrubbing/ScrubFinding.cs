using HipaaFs.Crypto;
using HipaaFs.Recovery;

namespace HipaaFs.Scrubbing;

/// <summary>A segment that a store does not have as it was written.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="IsMissing">Whether the whole object is gone.</param>
/// <param name="BadFrames">Frames that are cut off or not authentic.</param>
/// <param name="IsRepaired">Whether this machine, or another store, had it whole and it was put back.</param>
/// <param name="FileCount">How many files cannot be read in full as long as it is not repaired, of the live tree and of snapshots.</param>
/// <param name="Files">The first of them; the log has all.</param>
public sealed record ScrubFinding(SegmentId Segment, bool IsMissing, long BadFrames, bool IsRepaired, int FileCount, IReadOnlyList<IncompleteFile> Files)
{
    /// <summary>Number of the store; 0 is the volume's own.</summary>
    public int Store { get; init; }
}
