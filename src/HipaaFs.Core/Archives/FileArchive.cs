using HipaaFs.Crypto;

namespace HipaaFs.Archives;

/// <summary>What of a file can be read now.</summary>
/// <param name="State">Missing when no store has something of it; else Recalling when something is on its way back; else Archived when something is in an archive; else Recalled when something is back for a while.</param>
/// <param name="First">Offset of the first byte that cannot be read now; <see cref="long.MaxValue"/> when there is none.</param>
/// <param name="Segment">The segment of that byte.</param>
internal readonly record struct FileArchive(ArchiveState State, long First, SegmentId Segment)
{
    /// <summary>Of a file that can be read.</summary>
    internal static FileArchive Online => new(ArchiveState.Online, long.MaxValue, default);

    /// <summary>Whether something cannot be read now.</summary>
    internal bool IsOutOfReach => First < long.MaxValue;
}
