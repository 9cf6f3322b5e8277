using System.Globalization;
using System.Text;

namespace HipaaFs.Cli.Control;

/// <summary>Writes the figures of a mount as Prometheus text (exposition format 0.0.4). Names and units are stable.</summary>
internal static class MetricsText
{
    /// <summary>Writes one gauge or counter a figure, labelled with the volume's id.</summary>
    public static string Write(MountStatus status)
    {
        var text = new StringBuilder();
        string label = $"{{volume=\"{status.VolumeId}\"}}";
        Add("hipaafs_up", "gauge", "1 while the filesystem answers, 0 while it only uploads.", status.State == MountState.Serving ? 1 : 0);
        if (status.Figures is not { } figures)
        {
            return text.ToString();
        }

        Add("hipaafs_read_only", "gauge", "1 when changes are refused.", figures.ReadOnly ? 1 : 0);
        Add("hipaafs_store_reachable", "gauge", "1 when the store answered last.", figures.StoreReachable ? 1 : 0);
        Add("hipaafs_store_breaker_open", "gauge", "1 while requests to the store fail at once, because it failed for some time.", figures.StoreBreakerOpenSeconds is null ? 0 : 1);
        Add("hipaafs_store_refused_total", "counter", "Requests that were not sent because of that.", figures.StoreRefused);
        Add("hipaafs_store_retries_total", "counter", "Requests to the store that were repeated.", figures.StoreRetries);
        Add("hipaafs_store_hedged_reads_total", "counter", "Reads of the store that were asked for a second time because they were slow.", figures.StoreHedgedReads);
        Add("hipaafs_session_claimed", "gauge", "1 when the store knows the session; nothing is uploaded before.", figures.ClaimError is null ? 1 : 0);
        Add("hipaafs_staged_segments", "gauge", "Segments that are not in the store yet.", figures.StagedSegments);
        Add("hipaafs_staged_bytes", "gauge", "Bytes that are not in the store yet.", figures.StagedBytes);
        Add("hipaafs_missing_segments", "gauge", "Segments that are neither in staging nor in the store.", figures.MissingSegments);
        Add("hipaafs_failed_segments", "gauge", "Segments of them whose upload failed and is tried again.", figures.FailedSegments);
        Add("hipaafs_hopeless_segments", "gauge", "Segments of them whose staged file is damaged: nothing newer becomes a backup point.", figures.FailedUploads?.Count(static failed => failed.StagedFileDamaged) ?? 0);
        Add("hipaafs_metadata_failed", "gauge", "1 when the disk refused metadata: everything is refused until the volume is mounted again.", figures.MetadataFailed ? 1 : 0);
        Add("hipaafs_staging_full", "gauge", "1 while staging is full: writers wait or get ENOSPC.", figures.StagingFull ? 1 : 0);
        Add("hipaafs_lost_files", "gauge", "Files of which written bytes were refused and are gone, and that nobody has written again.", figures.LostFiles);
        Add("hipaafs_trash_failing", "gauge", "1 while the volume cannot take snapshots by itself although it should.", figures.TrashError is null ? 0 : 1);
        Add("hipaafs_staged_oldest_seconds", "gauge", "Age of the oldest data that is not in the store yet.", figures.OldestStagedSeconds ?? 0);
        Add("hipaafs_damaged_frames", "gauge", "Frames of written data that cannot be read any more.", figures.DamagedFrames);
        Add("hipaafs_recovery_point_seconds", "gauge", "Age of the newest state that the store alone could restore.", figures.RecoveryPointSeconds);
        Add("hipaafs_recovery_point_alarm", "gauge", "1 when that age is above the limit.", figures.RecoveryPointAlarm ? 1 : 0);
        Add("hipaafs_store_requests_total", "counter", "Requests made to the store.", figures.StoreRequests);
        if (figures.Stores is { } stores)
        {
            AddEach("hipaafs_replication_lacking_segments", "Segments that a store should have and lacks.", stores, static store => store.LackingSegments);
            AddEach("hipaafs_replication_lacking_bytes", "Bytes of them.", stores, static store => store.LackingBytes);
            AddEach("hipaafs_replication_lag_seconds", "For how long the oldest of them has been live.", stores, static store => store.LagSeconds ?? 0);
            AddEach("hipaafs_replica_usable", "1 when the store answers and is held by this session.", stores, static store => store.Away || store.Problem is not null ? 0 : 1);
        }

        if (figures is { StoredBytes: { } stored, LiveBytes: { } live, CondemnedBytes: { } condemned })
        {
            Add("hipaafs_stored_bytes", "gauge", "Bytes of segments in the store that something needs a part of, as last counted.", stored);
            Add("hipaafs_live_bytes", "gauge", "Bytes of file data in them that files or snapshots need.", live);
            Add("hipaafs_condemned_bytes", "gauge", "Bytes of segments in the store that nothing needs any more.", condemned);
        }

        Add("hipaafs_cache_bytes", "gauge", "Bytes in the cache.", figures.CacheBytes);
        Add("hipaafs_cache_bad_frames_total", "counter", "Frames that were bad in the cache and were fetched again.", figures.CacheBadFrames);
        Add("hipaafs_fetched_bytes_total", "counter", "Bytes fetched from the store.", figures.FetchedBytes);
        Add("hipaafs_fetches_total", "counter", "Requests that fetched data from the store.", figures.Fetches);
        Add("hipaafs_memory_budget_bytes", "gauge", "The memory budget.", figures.MemoryBytes);
        Add("hipaafs_dirty_bytes", "gauge", "Written bytes that are in memory only.", figures.DirtyBytes);
        Add("hipaafs_open_handles", "gauge", "Open files and directories.", figures.OpenHandles);
        Add("hipaafs_inodes", "gauge", "Inodes in use.", figures.Inodes);
        Add("hipaafs_file_bytes", "gauge", "Sum of the sizes of all files.", figures.FileBytes);
        Add("hipaafs_applied_sequence", "gauge", "The newest operation.", figures.AppliedSequence);
        Add("hipaafs_durable_sequence", "gauge", "The newest operation that survives a crash of this machine.", figures.DurableSequence);
        Add("hipaafs_published_sequence", "gauge", "The newest operation that survives the loss of this machine.", figures.PublishedSequence);
        return text.ToString();

        void AddEach(string name, string help, IReadOnlyList<StoreLine> stores, Func<StoreLine, double> value)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");
            foreach (StoreLine store in stores)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{{volume=\"{status.VolumeId}\",store=\"{store.Name}\"}} {value(store):R}\n");
            }
        }

        void Add(string name, string type, string help, double value)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n{name}{label} {value:R}\n");
        }
    }
}
