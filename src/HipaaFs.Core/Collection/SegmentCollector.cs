using System.Collections.Concurrent;
using HipaaFs.Cache;
using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Collection;

/// <summary>Deletes segments that nothing refers to any more: condemned first, in a transaction that proves it; deleted after a grace.</summary>
/// <remarks>
/// A condemned segment never comes back. It is deleted only when the commit that condemned it is published, so that no backup point a restore would take refers to it, and
/// when that commit is as old as the grace, by time that was measured: the time of day decides nothing.
/// </remarks>
internal sealed partial class SegmentCollector : IDisposable
{
    /// <summary>How long a condemned segment is kept at least.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    /// <summary>Deletions after which a newer session is looked for again.</summary>
    internal const int MostBetweenLooks = 16;

    private const int Batch = 256;

    /// <summary>The time after which it is, however few there were.</summary>
    internal static readonly TimeSpan LongestBetweenLooks = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly HashSet<SegmentId> _spared = [];
    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly SegmentReplication _replication;
    private readonly ConcurrentDictionary<SegmentId, ulong> _deleted = new(); // Where a segment is deleted already that another store still has.
    private readonly ConcurrentDictionary<SegmentId, ulong> _late = new(); // Stores that got one after it was condemned.
    private readonly ConcurrentDictionary<int, bool> _held = new(); // Whether a store had this session's claim when that was last looked for.
    private readonly StagingArea _staging;
    private readonly FrameCache _cache;
    private readonly SegmentViews _views;
    private readonly ChangePublisher _publisher;
    private readonly StreamRetention _retention;
    private readonly SemaphoreSlim _past = new(1, 1);
    private readonly SessionFence _fence;
    private readonly SessionClock _clock;
    private readonly CommitAges _ages;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal SegmentCollector(
        IMetadataStore metadata,
        VolumeStores stores,
        SegmentReplication replication,
        StagingArea staging,
        FrameCache cache,
        SegmentViews views,
        ChangePublisher publisher,
        SessionFence fence,
        SessionClock clock,
        TimeProvider time,
        ILogger logger)
    {
        _metadata = metadata;
        _stores = stores;
        _replication = replication;
        _staging = staging;
        _cache = cache;
        _views = views;
        _publisher = publisher;
        _retention = new StreamRetention(publisher, stores, clock, logger);
        _fence = fence;
        _clock = clock;
        _ages = new CommitAges(metadata, clock, time, Grace);
        _time = time;
        _logger = logger;
    }

    /// <summary>Deletes copies that no placement wants; null does not.</summary>
    internal SurplusRemoval? Surplus { get; init; }

    /// <summary>Collects at intervals until stopped, and saves the cache's maps on the way.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _ages.LookAsync(stop);
            while (true)
            {
                await Task.Delay(Interval, _time, stop);
                await CollectOrLogAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }

        await _ages.SaveAsync();
    }

    /// <summary>Leaves segments alone that are in the store before anything refers to them.</summary>
    internal void Spare(IReadOnlyCollection<SegmentId> segments)
    {
        lock (_lock)
        {
            _spared.UnionWith(segments);
        }
    }

    /// <summary>Ends <see cref="Spare"/>: what nothing refers to by now is collected.</summary>
    internal void Unspare(IReadOnlyCollection<SegmentId> segments)
    {
        lock (_lock)
        {
            _spared.ExceptWith(segments);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _past.Dispose();
        Surplus?.Dispose();
    }

    private async Task CollectOrLogAsync(CancellationToken stop)
    {
        try
        {
            _cache.SaveMaps();
            await CollectAsync(Grace, stop);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogRoundFailed(_logger, exception.HResult);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // Without this loop nothing would be deleted and no map of the cache saved any more, so it goes on whatever happened.
            LogRoundBroken(_logger, exception);
        }
    }

    /// <summary>One round: everything that can be condemned or deleted now.</summary>
    internal Task<CollectionReport> CollectAsync(TimeSpan grace, CancellationToken cancel) => CollectAsync(grace, null, cancel);

    /// <summary>One round, for somebody who waits for it.</summary>
    internal async Task<CollectionReport> CollectAsync(TimeSpan grace, IProgress<GarbageProgress>? progress, CancellationToken cancel)
    {
        (int condemned, long condemnedBytes) = await CondemnAsync(cancel);
        await _ages.LookAsync(cancel);
        if (!await _fence.HoldsStoreAsync(cancel))
        {
            return new CollectionReport(condemned, condemnedBytes, 0, 0);
        }

        (int deleted, long deletedBytes) = await DeleteAsync(grace, progress, cancel);
        if (await _fence.HoldsStoreAsync(cancel)) // The deletions took their time.
        {
            await CollectPastAsync(cancel);
            await (Surplus?.RunAsync(OldEnough(grace), cancel) ?? Task.CompletedTask);
        }

        return new CollectionReport(condemned, condemnedBytes, deleted, deletedBytes);
    }

    // The newest commit that is published, and was made that long ago.
    private CommitSequence OldEnough(TimeSpan grace)
    {
        CommitSequence old = _ages.OlderThan(grace);
        CommitSequence published = _publisher.PublishedSequence;
        return old < published ? old : published;
    }

    // Rounds come from the loop and from whoever asks for one.
    private async Task CollectPastAsync(CancellationToken cancel)
    {
        await _past.WaitAsync(cancel);
        try
        {
            await _retention.RunAsync(cancel);
        }
        finally
        {
            _past.Release();
        }
    }

    // The list is of the last commit, so that what is condemned here may be in the next one again.
    private async Task<(int Segments, long Bytes)> CondemnAsync(CancellationToken cancel)
    {
        var done = new HashSet<SegmentId>();
        long bytes = 0;
        int limit = Batch;
        while (true)
        {
            int before = done.Count;
            MetadataResult<IReadOnlyList<SegmentRow>> unreferenced = await _metadata.ListUnreferencedSegmentsAsync(limit, cancel);
            foreach (SegmentRow row in unreferenced.Succeeded ? unreferenced.Value : [])
            {
                // What is still staged may be about to get its first reference; it is uploaded, and collected then.
                if (row.State != SegmentState.Live || IsSpared(row.Id) || done.Contains(row.Id))
                {
                    continue;
                }

                MetadataResult<Applied> condemned = await _metadata.CondemnSegmentAsync(_clock.NextOperation(), row.Id, _clock.Now, cancel);
                if (condemned.Succeeded && done.Add(row.Id))
                {
                    bytes += row.ObjectLength;
                }
            }

            if (done.Count == before || unreferenced.Value.Count < limit)
            {
                return (done.Count, bytes);
            }

            limit += Batch;
        }
    }

    private bool IsSpared(SegmentId segment)
    {
        lock (_lock)
        {
            return _spared.Contains(segment);
        }
    }

    private async Task<(int Segments, long Bytes)> DeleteAsync(TimeSpan grace, IProgress<GarbageProgress>? progress, CancellationToken cancel)
    {
        CommitSequence upTo = OldEnough(grace);
        int seen = 0;
        int segments = 0;
        long bytes = 0;
        SegmentId? after = null;
        int tried = 0; // Since a newer session was looked for: the caller just has.
        _held.Clear();
        long lookedAt = _time.GetTimestamp();
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> condemned = await _metadata.ListSegmentsAsync(SegmentState.Condemned, after, Batch, cancel);
            foreach (SegmentRow row in condemned.Succeeded ? condemned.Value : [])
            {
                after = row.Id;
                progress?.Report(new GarbageProgress(GarbageProgress.Delete, ++seen, 0));
                if (row.Condemned > upTo)
                {
                    continue;
                }

                if (tried == MostBetweenLooks || _time.GetElapsedTime(lookedAt) >= LongestBetweenLooks)
                {
                    if (!await _fence.HoldsStoreAsync(cancel))
                    {
                        return (segments, bytes); // It may need what is left.
                    }

                    tried = 0;
                    _held.Clear();
                    lookedAt = _time.GetTimestamp();
                }

                tried++;
                if (await TryDeleteAsync(row, cancel))
                {
                    segments++;
                    bytes += row.ObjectLength;
                }
            }

            if (!condemned.Succeeded || condemned.Value.Count < Batch)
            {
                return (segments, bytes);
            }
        }
    }

    private async Task<bool> TryDeleteAsync(SegmentRow row, CancellationToken cancel)
    {
        if (_replication.IsUnderWay(row.Id))
        {
            return false; // Who read its row before it was condemned would bring it back.
        }

        _views.Forget(row.Id);
        _cache.Remove(row.Id);
        StoreError error = await DeleteEverywhereAsync(row, cancel);
        if (error != StoreError.None)
        {
            LogNotDeleted(_logger, row.Id, error);
            return false;
        }

        if (_replication.IsUnderWay(row.Id) || _replication.HasLate(row.Id))
        {
            return false; // It was, meanwhile.
        }

        if (_staging.TryGet(row.Id, out StagedSegment? staged))
        {
            File.Delete(staged.Path);
            _staging.Remove(row.Id);
        }

        await _metadata.ForgetSegmentAsync(_clock.NextOperation(), row.Id, cancel);
        _deleted.TryRemove(row.Id, out _);
        _late.TryRemove(row.Id, out _);
        return true;
    }

    // Also where a copy is wanted and none is noted: a process may have ended between the two.
    private async Task<StoreError> DeleteEverywhereAsync(SegmentRow row, CancellationToken cancel)
    {
        // Of a placement whose setting cannot be used nobody knows who may have a copy that is not noted: the row stays until it can.
        StoreError first = _stores.Placements.Find(row.Placement) is null ? StoreError.InvalidRequest : StoreError.None;
        if (_replication.TakeLate(row.Id) is > 0 and ulong late)
        {
            _late.AddOrUpdate(row.Id, late, (_, mask) => mask | late);
            _deleted.AddOrUpdate(row.Id, 0, (_, mask) => mask & ~late);
        }

        ulong left = (row.Copies | _stores.WantedBy(row.Placement) | _late.GetValueOrDefault(row.Id)) & ~_deleted.GetValueOrDefault(row.Id);
        for (int number = 0; number <= SegmentCopies.HighestStore; number++)
        {
            if ((left & SegmentCopies.In(number)) == 0)
            {
                continue;
            }

            StoreError error = await DeleteInAsync(_stores.Find(number), row.Id, cancel);
            first = first == StoreError.None ? error : first;
            if (error == StoreError.None && !_stores.IsSingle)
            {
                _deleted.AddOrUpdate(row.Id, SegmentCopies.In(number), (_, mask) => mask | SegmentCopies.In(number));
            }
        }

        return first;
    }

    private async Task<StoreError> DeleteInAsync(MemberStore? member, SegmentId segment, CancellationToken cancel)
    {
        if (member is null)
        {
            return StoreError.Unavailable;
        }

        if (member.IsRemoved)
        {
            return StoreError.None; // Whatever is there is nobody's: it was looked through when it was taken away, or it was lost.
        }

        if (!member.IsHome) // Of the volume's home the caller makes sure.
        {
            if (!_held.TryGetValue(member.Number, out bool isHeld))
            {
                isHeld = await member.HoldAsync(cancel) == StoreError.None;
                _held[member.Number] = isHeld;
            }

            if (!isHeld)
            {
                return StoreError.Unavailable;
            }
        }

        StoreResult<bool> deleted = await member.Store!.DeleteAsync(StoreLayout.Segment(segment), EntityTag.Any, cancel);
        member.Note(deleted.Error);
        return deleted.Error;
    }

    [LoggerMessage(572, LogLevel.Critical, "A round of collection failed unexpectedly; the next one is tried at the next interval")]
    private static partial void LogRoundBroken(ILogger logger, Exception exception);

    [LoggerMessage(571, LogLevel.Warning, "A round of collection met a disk that refuses (error {Error}); it is tried again")]
    private static partial void LogRoundFailed(ILogger logger, int error);

    [LoggerMessage(570, LogLevel.Warning, "Segment {Segment}, which nothing refers to, could not be deleted ({Error}); it is tried again")]
    private static partial void LogNotDeleted(ILogger logger, SegmentId segment, StoreError error);
}
