using HipaaFs.Placements;
using HipaaFs.Staging;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Control;

/// <summary>Turns a volume's status into the figures that are shown.</summary>
internal static class VolumeFiguresMapping
{
    private const int MostDamage = 100;

    /// <summary>The figures of a status; moments become ages.</summary>
    public static VolumeFigures From(VolumeStatus status, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        return new VolumeFigures
        {
            Session = status.Session,
            ReadOnly = status.IsReadOnly,
            FencedBy = status.FencedBy,
            StoreReachable = status.IsStoreReachable,
            StoreBreakerOpenSeconds = status.StoreBreakerOpenSince is { } open ? Age(now, open) : null,
            StoreFailure = status.StoreFailure,
            StoreProblem = status.StoreAdvice?.Meaning,
            StoreAction = status.StoreAdvice?.Action,
            StoreRefused = status.StoreRefused,
            StoreRetries = status.StoreRetries,
            StoreHedgedReads = status.StoreHedgedReads,
            StoreRequests = status.StoreRequests,
            Stores = status.Stores.Count == 0 ? null : [.. status.Stores.Select(store => ToLine(store, now))],
            FilesToMove = status.ToMove?.Files,
            BytesToMove = status.ToMove is { } left ? left.Bytes + left.SnapshotBytes : null,
            StoredBytes = status.Space?.StoredBytes,
            LiveBytes = status.Space?.LiveBytes,
            CondemnedBytes = status.Space?.CondemnedBytes,
            StagedSegments = status.StagedSegments,
            StagedBytes = status.StagedBytes,
            OldestStagedSeconds = status.OldestStaged is { } oldest ? Age(now, oldest) : null,
            ClaimError = status.ClaimError,
            MissingSegments = status.MissingSegments,
            FailedSegments = status.FailedSegments,
            UploadError = status.UploadError,
            FailedUploads = status.FailedUploads.Count == 0 ? null : [.. status.FailedUploads.Select(failed => ToLine(failed, now))],
            WritebackError = status.WritebackError,
            StagingFull = status.IsStagingFull,
            LostFiles = status.LostFiles,
            MetadataFailed = status.HasMetadataFailed,
            DamagedFrames = status.Damage.Sum(static run => run.Frames),
            Damage = status.Damage.Count == 0 ? null : [.. status.Damage.Take(MostDamage).Select(ToLine)],
            TrashError = status.TrashError,
            TrashFailingSeconds = status.TrashFailingSince is { } failing ? Age(now, failing) : null,
            ClockJumpSeconds = status.ClockJump is { } jump ? Math.Round(jump.By.TotalSeconds) : null,
            RecoveryPointSeconds = Age(now, status.RecoveryPoint),
            RecoveryPointLimitSeconds = status.RecoveryPointLimit.TotalSeconds,
            RecoveryPointAlarm = status.RecoveryPointAlarm,
            CacheBytes = status.Cache.Bytes,
            CacheMaxBytes = status.Cache.MaxBytes,
            CacheSegments = status.Cache.Segments,
            FetchedBytes = status.Cache.FetchedBytes,
            Fetches = status.Cache.Fetches,
            CacheBadFrames = status.Cache.BadFrames,
            MemoryBytes = status.MemoryBytes,
            DirtyBytes = status.DirtyBytes,
            DirtyMaxBytes = status.DirtyMaxBytes,
            OpenHandles = status.OpenHandles,
            Inodes = status.Inodes,
            FileBytes = status.FileBytes,
            AppliedSequence = status.AppliedSequence,
            DurableSequence = status.DurableSequence,
            PublishedSequence = status.PublishedSequence,
        };
    }

    private static DamagedLine ToLine(DamagedRun run) => new(run.Inode.Value, run.Segment.ToString(), run.FirstFrame, run.Frames);

    private static FailedUploadLine ToLine(FailedUpload failed, DateTimeOffset now) =>
        new(failed.Segment.ToString(), failed.Error.ToString(), Age(now, failed.Since), failed.IsHopeless);

    private static StoreLine ToLine(StoreStatus store, DateTimeOffset now)
    {
        ReplicationLag lag = store.Lag ?? ReplicationLag.None;
        return new StoreLine(
            store.Number, store.Name, store.Region, store.IsAway, store.Problem, lag.Segments, lag.Bytes, lag.Oldest is { } oldest ? Age(now, oldest) : null);
    }

    private static double Age(DateTimeOffset now, DateTimeOffset since) => Math.Round(Math.Max(0, (now - since).TotalSeconds), 1);
}
