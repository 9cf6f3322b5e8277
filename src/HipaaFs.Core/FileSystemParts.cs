using HipaaFs.Archives;
using HipaaFs.Dirty;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Placements;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using HipaaFs.Snapshots;
using HipaaFs.Staging;

namespace HipaaFs;

/// <summary>What a file system is made of; put together by <see cref="Volumes.Volume"/>.</summary>
internal sealed record FileSystemParts
{
    internal required IMetadataStore Metadata { get; init; }

    internal required VolumeNames Names { get; init; }

    internal required PlacementTable Placements { get; init; }

    internal required AssignmentWatch Assignments { get; init; }

    /// <summary>Reads inodes of every view.</summary>
    internal required ViewReader View { get; init; }

    internal required ViewTable Views { get; init; }

    internal required SnapshotDirectory Snapshots { get; init; }

    internal required SegmentReader Reader { get; init; }

    internal required ArchivedFiles Archived { get; init; }

    /// <summary>Null on a read-only mount.</summary>
    internal Recaller? Recaller { get; init; }

    /// <summary>Null on a read-only mount.</summary>
    internal TierRequests? Tiers { get; init; }

    internal required FileTable Files { get; init; }

    internal required PagePool Pool { get; init; }

    internal required SessionClock Clock { get; init; }

    internal required TimeProvider Time { get; init; }

    /// <summary>Null on a read-only mount.</summary>
    internal Writeback? Writeback { get; init; }

    /// <summary>Null on a read-only mount.</summary>
    internal StagingArea? Staging { get; init; }

    /// <summary>Cancelled when the volume has become read-only, since a newer session has it.</summary>
    internal CancellationToken Fenced { get; init; }

    /// <summary>Bits of a name's tag that its cookie leaves out: two, so that cookies stay below 2^62. Tests leave out more, so that entries have equal ones.</summary>
    internal int CookieShift { get; init; } = 2;

    /// <summary>Size that statfs(2) shows, in bytes.</summary>
    internal required Func<(long Total, long Free)> Capacity { get; init; }
}
