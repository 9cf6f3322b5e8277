using HipaaFs.Archives;
using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Placements;

/// <summary>Copies one segment to one store that lacks it, and notes it in the segment's row.</summary>
/// <remarks>
/// From this machine's cache when all of it is there, else from any store that has it, through a file in staging. Either way the keys prove every byte before it counts, and the store is
/// believed no more than it is for an upload. There is no other state than the row: a crash leaves an object that the next try finds. Who asks for what is being done already waits for that.
/// What was condemned meanwhile is the collector's, who is told that there is one more. Thread-safe.
/// </remarks>
internal sealed partial class SegmentReplication
{
    /// <summary>What its files in staging are called.</summary>
    internal const string FilePattern = "replica-*";

    private readonly Lock _lock = new();
    private readonly Dictionary<(SegmentId Segment, int Store), Task<StoreError>> _running = []; // Guarded by _lock.
    private readonly VolumeStores _stores;
    private readonly RecallTable _recalls;
    private readonly IMetadataStore _metadata;
    private readonly KeyRing _ring;
    private readonly FrameCache _cache;
    private readonly StagingArea _staging;
    private readonly SessionFence _fence;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<SegmentId, ulong> _late = []; // Stores that got a segment after it was condemned. Guarded by _lock.

    internal SegmentReplication(
        VolumeStores stores,
        RecallTable recalls,
        IMetadataStore metadata,
        KeyRing ring,
        FrameCache cache,
        StagingArea staging,
        SessionFence fence,
        SessionClock clock,
        TimeProvider time,
        ILogger logger)
    {
        _stores = stores;
        _recalls = recalls;
        _metadata = metadata;
        _ring = ring;
        _cache = cache;
        _staging = staging;
        _fence = fence;
        _clock = clock;
        _time = time;
        _logger = logger;
    }

    /// <summary>Called when the store has the object and its row does not say so yet. For tests.</summary>
    internal Func<Task>? BeforeNoted { get; set; }

    /// <summary>Tries once.</summary>
    /// <param name="row">The segment, with the stores that have it.</param>
    /// <param name="target">Who gets it.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>What came of it. NoSpace: also when staging has no room to spare. NotFound: no store gives it, or nobody needs it any more. Corrupt: no copy is as it was sealed. Archived: no copy can be read until it is brought back.</returns>
    internal async ValueTask<StoreError> TryAsync(SegmentRow row, MemberStore target, CancellationToken cancel)
    {
        (SegmentId, int) key = (row.Id, target.Number);
        var mine = new TaskCompletionSource<StoreError>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<StoreError>? others;
        lock (_lock)
        {
            if (!_running.TryGetValue(key, out others))
            {
                _running.Add(key, mine.Task);
            }
        }

        if (others is not null)
        {
            return await others.WaitAsync(cancel);
        }

        StoreError outcome = StoreError.Unavailable; // As long as it was cut off, for those who wait for it.
        try
        {
            outcome = await CopyAsync(row, target, cancel);
            return outcome;
        }
        finally
        {
            lock (_lock)
            {
                _running.Remove(key);
            }

            mine.SetResult(outcome);
        }
    }

    /// <summary>Whether there is something to copy a segment from: the cache, or a store that has it where it can be read now. No store is asked.</summary>
    internal bool HasSource(in SegmentRow row) => _stores.IsOnline(row) || _recalls.IsBack(row.Id) || File.Exists(_cache.Files.WholePath(row.Id));

    /// <summary>Whether a copy of a segment is being made: what is deleted of it now may come back.</summary>
    internal bool IsUnderWay(SegmentId segment)
    {
        lock (_lock)
        {
            return _running.Keys.Any(running => running.Segment == segment);
        }
    }

    /// <summary>Whether stores got a segment after it was condemned that nobody has been told of.</summary>
    internal bool HasLate(SegmentId segment)
    {
        lock (_lock)
        {
            return _late.ContainsKey(segment);
        }
    }

    /// <summary>Mask of the stores that got a segment after it was condemned, since this was last asked: whoever deletes it deletes it there too.</summary>
    internal ulong TakeLate(SegmentId segment)
    {
        lock (_lock)
        {
            return _late.Remove(segment, out ulong stores) ? stores : 0;
        }
    }

    private async ValueTask<StoreError> CopyAsync(SegmentRow row, MemberStore target, CancellationToken cancel)
    {
        StoreError error = await target.HoldAsync(cancel);
        if (error != StoreError.None)
        {
            return error;
        }

        string cached = _cache.Files.WholePath(row.Id); // Perhaps another store's object as well, by a link.
        error = File.Exists(cached) ? await PutAsync(new StagedSegment(row, cached, _time.GetUtcNow()), target, mayLink: false, cancel) : StoreError.NotFound;
        if (error is StoreError.NotFound or StoreError.Corrupt or StoreError.InvalidRequest)
        {
            error = await TryFromStoresAsync(row, target, cancel); // It left the cache meanwhile, or the cache's disk has changed it.
        }

        if (error != StoreError.None)
        {
            return error;
        }

        // Whether it went into this volume's store, the claim says.
        error = await target.HoldAsync(cancel);
        return error == StoreError.None ? await NoteAsync(row, target, cancel) : error;
    }

    private async ValueTask<StoreError> TryFromStoresAsync(SegmentRow row, MemberStore target, CancellationToken cancel)
    {
        if (!_staging.HasSpareRoomFor(row.ObjectLength))
        {
            return StoreError.NoSpace;
        }

        StoreError error = StoreError.NotFound;
        string path = Path.Combine(_staging.Directory, $"replica-{row.Id}-{target.Number}");
        try
        {
            foreach (MemberStore source in _stores.InOrder(row, 0))
            {
                if (source == target || source.Store is not { } store)
                {
                    continue;
                }

                if (_stores.TierOf(row.Placement, source) == StorageTier.Archive && !_recalls.IsBack(row.Id))
                {
                    error = error == StoreError.NotFound ? StoreError.Archived : error;
                    continue;
                }

                File.Delete(path);
                StoreResult<ReadOnlyMemory<byte>> digest = await SegmentDownload.RunAsync(store, row, path, _ring, cancel);
                source.Note(digest.Error);
                if (digest.Succeeded)
                {
                    return await PutAsync(new StagedSegment(row, path, _time.GetUtcNow()) { Sha256 = digest.Value }, target, mayLink: true, cancel); // Nobody else has this file.
                }

                LogBadSource(_logger, row.Id, source.Number, digest.Error);
                error = digest.Error == StoreError.Corrupt ? StoreError.Corrupt : error;
            }

            return error;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async ValueTask<StoreError> PutAsync(StagedSegment segment, MemberStore target, bool mayLink, CancellationToken cancel)
    {
        StoreError error = await new SegmentUpload(target.Store!, _stores.TierOf(segment.Row.Placement, target), _ring, _logger).TryAsync(segment, mayLink, cancel);
        target.Note(error);
        return error;
    }

    /// <summary>Notes that a store has a segment, whose every byte there was proven and whose store has this session's claim. NotFound: nobody needs it any more.</summary>
    internal async ValueTask<StoreError> NoteAsync(SegmentRow row, MemberStore target, CancellationToken cancel)
    {
        if (BeforeNoted is not null)
        {
            await BeforeNoted();
        }

        if (target.IsRemoved)
        {
            if (await _fence.HoldsStoreAsync(cancel) && await target.HoldAsync(cancel) == StoreError.None)
            {
                await target.Store!.DeleteAsync(StoreLayout.Segment(row.Id), EntityTag.Any, cancel);
            }

            return StoreError.NotFound;
        }

        // A store that was forgotten is named by the row as long as it alone had the segment.
        MetadataResult<Applied> noted = await _metadata.SetCopiesAsync(_clock.NextOperation(), row.Id, target.Mask, row.Copies & ~_stores.ActiveOf(row.Copies), CancellationToken.None);
        if (noted.Error == MetadataError.Conflict)
        {
            lock (_lock)
            {
                _late[row.Id] = _late.GetValueOrDefault(row.Id) | target.Mask; // Condemned meanwhile: backup points may need it for a while.
            }

            return StoreError.NotFound;
        }

        // Whoever forgot it was here before. A newer session may know it and have a copy of it here.
        if (noted.Error == MetadataError.NotFound
            && await _fence.HoldsStoreAsync(cancel)
            && await target.HoldAsync(cancel) == StoreError.None)
        {
            await target.Store!.DeleteAsync(StoreLayout.Segment(row.Id), EntityTag.Any, cancel);
        }

        return noted.Succeeded ? StoreError.None : noted.Error == MetadataError.NotFound ? StoreError.NotFound : StoreError.Unavailable;
    }

    [LoggerMessage(621, LogLevel.Warning, "Segment {Segment} could not be copied from store {Store} ({Error}); another copy is tried")]
    private static partial void LogBadSource(ILogger logger, SegmentId segment, int store, StoreError error);
}
