using HipaaFs.Archives;
using HipaaFs.ChangeStream;
using HipaaFs.Collection;
using HipaaFs.Compaction;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Sessions;
using HipaaFs.Spending;
using HipaaFs.Staging;
using HipaaFs.Transitions;
using HipaaFs.Trash;

namespace HipaaFs.Volumes;

/// <summary>What a volume open for writing has besides.</summary>
/// <param name="Writeback">From memory to staging.</param>
/// <param name="Uploader">From staging to the store.</param>
/// <param name="Publisher">Metadata changes to the store.</param>
/// <param name="Collector">Deletes what nothing refers to.</param>
/// <param name="Compactor">Rewrites segments that are partly dead, and scattered files.</param>
/// <param name="Repacker">Copies live data out of unfinished segments.</param>
/// <param name="Fence">Whether this session is the newest.</param>
/// <param name="Alarm">Whether the recovery point is too old.</param>
/// <param name="Unknown">Deletes at request what nobody knows.</param>
/// <param name="Scrubber">Reads everything in the stores and repairs it.</param>
/// <param name="Replication">Copies one segment to a store that lacks it.</param>
/// <param name="Replicator">Brings every segment to all stores of its placement.</param>
/// <param name="Registration">Makes stores and placements known.</param>
/// <param name="Assignment">Gives directories and what is below them placements.</param>
/// <param name="Mover">Moves data of files to their placement.</param>
/// <param name="Transitions">Gives files that have come of age another placement.</param>
internal sealed record VolumeWriter(
    Writeback Writeback,
    Uploader Uploader,
    ChangePublisher Publisher,
    SegmentCollector Collector,
    Compactor Compactor,
    Repacker Repacker,
    SessionFence Fence,
    RecoveryPointAlarm Alarm,
    UnknownSegmentSweep Unknown,
    Scrubber Scrubber,
    SegmentReplication Replication,
    Replicator Replicator,
    StoreRegistration Registration,
    PlacementAssignment Assignment,
    PlacementMover Mover,
    TransitionScan Transitions)
{
    /// <summary>Brings segments back from archives.</summary>
    internal required Recaller Recaller { get; init; }

    /// <summary>Keeps change stream and key ring in further stores.</summary>
    internal required StreamMirror Mirror { get; init; }

    /// <summary>Counts what is asked of the stores.</summary>
    internal required SpendingLedger Spending { get; init; }

    /// <summary>Takes snapshots by itself and deletes them when their time is over. Made last, since it works on the volume as its users do.</summary>
    internal TrashKeeper Trash { get; set; } = null!;
}
