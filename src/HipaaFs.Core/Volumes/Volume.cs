using HipaaFs.Cache;
using HipaaFs.ChangeStream;
using HipaaFs.Collection;
using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Dirty;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Names;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Scrubbing;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using HipaaFs.Snapshots;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Trash;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Volumes;

/// <summary>An open volume: the file system, and everything that runs behind it.</summary>
/// <remarks>Put together by <see cref="VolumeOpening"/>; taken apart in the reverse order by <see cref="StopAsync"/>.</remarks>
public sealed partial class Volume : IAsyncDisposable
{
    private const int MostFailed = 100;

    private readonly VolumeParts _parts;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _closing = new(); // Not cancelled by a newer session: its volume can still be read.
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Task _background = Task.CompletedTask;
    private Task _asked = Task.CompletedTask; // What somebody asked for and waits for; it ends before the volume does. Guarded by _lock.
    private bool _isStopped; // Guarded by _lock.

    internal Volume(VolumeParts parts, ILogger logger)
    {
        _parts = parts;
        _logger = logger;
        _stop = parts.Writer is null
            ? new CancellationTokenSource()
            : CancellationTokenSource.CreateLinkedTokenSource(parts.Writer.Fence.Fenced);
    }

    /// <summary>The file system.</summary>
    public HipaaFileSystem FileSystem => _parts.FileSystem;

    /// <summary>Its snapshots, for what ends with the volume. Whoever else asks, asks the volume.</summary>
    internal VolumeSnapshots Snapshots => _parts.Snapshots;

    /// <summary>The volume's id.</summary>
    public Guid Id => _parts.Options.VolumeId;

    /// <summary>The snapshot that is shown in place of the volume; null for the volume as it is.</summary>
    public Snapshot? Shown { get; internal init; }

    /// <summary>The session's number; 0 on a read-only mount.</summary>
    public ulong Session => _parts.Clock.Session.Value;

    /// <summary>Cancelled when the volume can take no more changes and those since the last commit are lost (its metadata disk failed).</summary>
    public CancellationToken Failure => _parts.Metadata.Failure;

    /// <summary>What it is made of.</summary>
    internal VolumeParts Parts => _parts;

    /// <summary>Makes a volume. The caller writes volume.yaml, last.</summary>
    /// <exception cref="VolumeException">It cannot be made; nothing is left behind.</exception>
    public static Task CreateAsync(VolumeCreation creation, ILoggerFactory loggers, TimeProvider time, CancellationToken cancel) =>
        VolumeCreator.CreateAsync(creation, loggers, time, cancel);

    /// <summary>Opens a volume: takes its lock, unlocks its keys, recovers what the last session left, and claims a session.</summary>
    /// <exception cref="VolumeException">It cannot be opened; nothing is changed.</exception>
    public static Task<Volume> OpenAsync(
        VolumeOptions options, IKeyWrapper key, VolumeMode mode, ILoggerFactory loggers, TimeProvider time, CancellationToken cancel) =>
        new VolumeOpening(options, mode, loggers, time).RunAsync(key, cancel);

    /// <summary>What it is doing.</summary>
    public VolumeStatus GetStatus()
    {
        VolumeWriter? writer = _parts.Writer;
        (int staged, DateTimeOffset? oldest) = _parts.Staging.Summary;
        (int failed, StoreError uploadError) = writer?.Uploader.Failed ?? default;
        StoreMetrics store = _parts.Store.Snapshot();
        (int lostFiles, FsError lostError) = FileSystem.LostWrites;
        VolumeUsage usage = _parts.Metadata.Usage;
        TrashState trash = writer?.Trash.State ?? TrashState.Kept;
        return new VolumeStatus
        {
            VolumeId = Id,
            Session = Session,
            IsReadOnly = FileSystem.IsReadOnly,
            FencedBy = writer?.Fence.FencedBy,
            StagedSegments = staged,
            StagedBytes = _parts.Staging.Bytes,
            OldestStaged = oldest,
            ClaimError = writer is null || writer.Fence.ClaimError == StoreError.None ? null : writer.Fence.ClaimError.ToString(),
            FailedSegments = failed,
            UploadError = failed == 0 ? null : uploadError.ToString(),
            Refusing = writer is null ? [] : [.. _parts.Stores.Active.Select(member => RefusalOf(member, writer, failed > 0)).OfType<RefusingStore>()],
            FailedUploads = writer?.Uploader.ListFailed(MostFailed) ?? [],
            WritebackError = writer is null || writer.Writeback.LastError == FsError.None ? null : writer.Writeback.LastError.ToString(),
            IsStagingFull = _parts.Staging.IsFull,
            LostFiles = lostFiles,
            LostError = lostFiles == 0 ? null : lostError.ToString(),
            HasMetadataFailed = Failure.IsCancellationRequested,
            MissingSegments = _parts.Missing.NotFound,
            Damage = writer?.Repacker.Damage ?? [],
            TrashError = trash.Error == FsError.None ? null : trash.Error.ToString(),
            TrashFailingSince = trash.Since,
            ClockJump = trash.Jump,
            RecoveryPoint = writer?.Publisher.RecoveryPoint ?? _parts.Time.GetUtcNow(),
            RecoveryPointLimit = _parts.Options.RecoveryPointLimit,
            RecoveryPointAlarm = writer is not null && writer.Alarm.IsRaised,
            Cache = _parts.Cache.Usage,
            DirtyBytes = _parts.Pool.LentBytes,
            DirtyMaxBytes = _parts.Pool.MaxBytes,
            MemoryBytes = _parts.Options.MemoryBytes,
            OpenHandles = FileSystem.OpenHandles,
            Inodes = usage.Inodes,
            FileBytes = usage.FileBytes,
            AppliedSequence = _parts.Metadata.Applied.Value,
            DurableSequence = _parts.Metadata.Durable.Value,
            PublishedSequence = writer?.Publisher.PublishedSequence.Value ?? 0,
            Stores = _parts.Stores.IsSingle ? [] : [.. _parts.Stores.Active.Select(StatusOf)],
            ToMove = writer?.Mover.Left,
            StoreRequests = store.Requests,
            Space = writer?.Compactor.Usage,
            IsStoreReachable = store.LastFailure is null || store.LastSuccessAt > store.LastFailureAt,
            StoreBreakerOpenSince = store.BreakerOpenSince,
            StoreFailure = store.LastFailure is { } failure ? failure.Detail ?? failure.Error.ToString() : null,
            StoreAdvice = store.LastFailure is { } last && !(store.LastSuccessAt > store.LastFailureAt) ? StoreAdvice.For(last) : null,
            StoreRefused = store.Refused,
            StoreRetries = store.Retries,
            StoreHedgedReads = store.Hedged,
        };
    }

    private StoreStatus StatusOf(MemberStore member) => new(
        member.Number, member.Name, member.Registered.Region, member.IsAway, member.Problem, _parts.Writer?.Replicator.LagOf(member.Number))
    {
        AwaySince = member.AwaySince,
        Waits = _parts.Writer?.Replicator.FindPause(member),
        IsMirror = _parts.Stores.Mirrors.Contains(member),
        RecoveryPoint = member.IsHome ? _parts.Writer?.Publisher.RecoveryPoint : _parts.Writer?.Mirror.PointOf(member.Number),
    };

    private static RefusingStore? RefusalOf(MemberStore member, VolumeWriter writer, bool hasFailed)
    {
        StoreError claim = member.IsHome ? writer.Fence.ClaimError : StoreError.None;
        StoreError refusal = hasFailed ? writer.Uploader.RefusalOf(member.Number) : StoreError.None;
        string? reason = claim != StoreError.None ? $"the session cannot be claimed in it: {Explain(member, claim)}"
            : refusal != StoreError.None ? member.Problem ?? Explain(member, refusal)
            : null;
        return reason is null ? null : new RefusingStore(member.Number, member.Name, member.Url?.ToString() ?? member.Registered.Url, reason);
    }

    /// <summary>What an error of a store means and what helps, as far as its last failure tells.</summary>
    /// <param name="error">The error.</param>
    /// <param name="store">The store's number; null where any of them may have failed of it.</param>
    public string Explain(StoreError error, int? store)
    {
        MemberStore? failed = _parts.Stores.Active.FirstOrDefault(member => (store is null || member.Number == store) && member.Store?.Snapshot().LastFailure?.Error == error);
        return failed is null ? error.ToString() : Explain(failed, error);
    }

    // The store's last failure is mostly the very one, and says more.
    private static string Explain(MemberStore member, StoreError error) =>
        member.Store?.Snapshot().LastFailure is { } last && last.Error == error ? StoreAdvice.For(last).Text : error.ToString();

    /// <summary>Whether changes of files, names or attributes exist on this machine only, be their data in the store or not.</summary>
    public async Task<bool> HasUnpublishedChangesAsync(CancellationToken cancel)
    {
        try
        {
            return await UnpublishedChanges.AnyAsync(_parts.Metadata, cancel);
        }
        catch (IOException exception)
        {
            LogChangesUnreadable(_logger, exception.HResult);
            return true; // What cannot be read was not published either.
        }
    }

    /// <summary>Uploads and publishes everything done before the call. Can be cancelled at any time; what is not uploaded stays staged.</summary>
    /// <returns>Null when everything is in the store, else why not.</returns>
    public async Task<string?> DrainAsync(IProgress<DrainProgress> progress, CancellationToken cancel)
    {
        if (_parts.Writer is not { } writer)
        {
            return null;
        }

        FsError synced = await FileSystem.SyncAsync(cancel);
        if (synced != FsError.None)
        {
            return $"written data could not be staged: {synced}";
        }

        writer.Uploader.RetryNow();
        Task<StoreError> publishing = PublishWhenClaimedAsync(writer, cancel);
        while (!publishing.IsCompleted)
        {
            await Task.WhenAny(publishing, Task.Delay(TimeSpan.FromMilliseconds(200), _parts.Time, cancel));
            VolumeStatus status = GetStatus();
            string? error = status.ClaimError is { } claim ? $"the session cannot be claimed in it: {claim}" : status.UploadError;
            progress.Report(new DrainProgress(status.StagedSegments, status.StagedBytes, error));
        }

        StoreError outcome = await publishing;
        if (outcome == StoreError.None && _parts.Stores.Mirrors.All(static mirror => !mirror.IsAway))
        {
            _ = await writer.Mirror.MirrorAsync(cancel); // What the last publication brought; a mirror that fails is told by the log, and gets it at the next mount.
        }

        return outcome == StoreError.None ? null
            : _parts.Missing.NotFound > 0 ? $"{_parts.Missing.NotFound} segments that files need are neither in staging nor in the store ('hipaafs status')"
            : $"the store does not take it: {outcome}";
    }

    /// <summary>Closes the volume. No request may be under way or follow.</summary>
    public async Task StopAsync(VolumeStop how, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }
        }

        if (how == VolumeStop.Drain)
        {
            string? problem = await DrainAsync(new Progress<DrainProgress>(), cancel);
            if (problem is not null)
            {
                LogNotDrained(_logger, problem);
            }
        }

        Task asked;
        lock (_lock)
        {
            _isStopped = true;
            asked = _asked;
        }

        await _stop.CancelAsync();
        await _closing.CancelAsync();
        await asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Who asked is told how it ended.
        try
        {
            await _background;
        }
        finally
        {
            // Whatever ended in the background, what was written is committed and the lock released.
            await _parts.DisposeAsync();
            _stop.Dispose();
            _closing.Dispose();
        }

        LogClosed(_logger, Session);
    }

    /// <summary>Closes the volume without uploading what is staged.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(VolumeStop.Commit, CancellationToken.None);

    /// <summary>Starts what runs behind the file system.</summary>
    internal void Start(StagingRecovery recovery)
    {
        if (_parts.Writer is not { } writer)
        {
            return;
        }

        writer.Writeback.Start();
        writer.Uploader.Start();
        foreach (StagedSegment segment in recovery.Finished)
        {
            writer.Uploader.Enqueue(segment);
        }

        _background = Task.WhenAll(
            Task.Run(() => writer.Fence.WatchAsync(_stop.Token)),
            Task.Run(() => writer.Publisher.RunAsync(_stop.Token)),
            Task.Run(() => writer.Alarm.WatchAsync(_stop.Token)),
            Task.Run(() => writer.Collector.RunAsync(_stop.Token)),
            Task.Run(() => writer.Compactor.RunAsync(_stop.Token)),
            Task.Run(() => writer.Trash.RunAsync(_stop.Token)),
            Task.Run(() => writer.Replicator.RunAsync(_stop.Token)),
            Task.Run(() => writer.Mover.RunAsync(_stop.Token)),
            Task.Run(() => writer.Transitions.RunAsync(_stop.Token)),
            Task.Run(() => writer.Mirror.RunAsync(_stop.Token)),
            Task.Run(() => writer.Spending.RunAsync(_stop.Token)),
            Task.Run(() => writer.Recaller.RunAsync(_stop.Token)),
            Task.Run(() => _parts.Pins.RunAsync(_stop.Token)),
            Task.Run(() => RepairAsync(writer, recovery)));
    }

    private static async Task<StoreError> PublishWhenClaimedAsync(VolumeWriter writer, CancellationToken cancel)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, writer.Fence.Fenced);
        try
        {
            await writer.Fence.WaitForClaimAsync(ends.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return StoreError.Unavailable; // Another has the session: there will be no claim.
        }

        return await writer.Publisher.PublishAsync(cancel);
    }

    private async Task RepairAsync(VolumeWriter writer, StagingRecovery recovery)
    {
        try
        {
            await writer.Repacker.RepackStrandedAsync(_stop.Token);
            await writer.Fence.WaitForClaimAsync(_stop.Token);
            await recovery.SettleLiveAsync(_parts.Stores, writer.Uploader, _stop.Token);
            await recovery.DeleteUnknownAsync(_stop.Token);
            await recovery.FindMissingAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The volume is closing; the next mount goes on.
        }
        catch (IOException exception)
        {
            LogNotRepacked(_logger, exception.HResult);
        }
    }

    [LoggerMessage(590, LogLevel.Information, "Session {Session} is closed")]
    private static partial void LogClosed(ILogger logger, ulong session);

    [LoggerMessage(591, LogLevel.Warning, "Not everything could be uploaded before closing: {Problem}; it stays staged")]
    private static partial void LogNotDrained(ILogger logger, string problem);

    [LoggerMessage(593, LogLevel.Warning, "Whether everything is published could not be read (error {Error})")]
    private static partial void LogChangesUnreadable(ILogger logger, int error);

    [LoggerMessage(592, LogLevel.Warning, "An unfinished segment could not be repacked (error {Error}); it is tried again at the next mount")]
    private static partial void LogNotRepacked(ILogger logger, int error);
}
