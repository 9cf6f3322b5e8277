using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Segments that rows call staged and that had no file in staging when the volume was opened.</summary>
/// <remarks>
/// Most were uploaded and renamed a moment before the end of the last session, and the store has them. The others lie in a staging directory that this mount was not given, or
/// are lost: as long as there is one, nothing is published, since a backup point must be whole. Thread-safe.
/// </remarks>
internal sealed partial class MissingSegments : IDisposable
{
    private readonly StagingArea _staging;
    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly SessionClock _clock;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly HashSet<SegmentId> _told = [];
    private readonly Dictionary<SegmentId, SegmentRow> _rows = []; // Written under _one, or before it is shared.
    private volatile int _count;
    private volatile int _notFound;

    internal MissingSegments(StagingArea staging, IMetadataStore metadata, VolumeStores stores, SessionClock clock, ILogger logger)
    {
        _staging = staging;
        _metadata = metadata;
        _stores = stores;
        _clock = clock;
        _logger = logger;
    }

    /// <summary>How many were in neither place when they were last looked for.</summary>
    internal int NotFound => _notFound;

    /// <summary>Collects the rows. Nothing else may run yet.</summary>
    internal async Task CollectAsync(CancellationToken cancel)
    {
        SegmentId? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListSegmentsAsync(SegmentState.Staged, after, 256, cancel);
            if (!rows.Succeeded)
            {
                throw new IOException($"list the staged segments: {rows.Error}");
            }

            if (rows.Value.Count == 0)
            {
                _count = _rows.Count;
                return;
            }

            foreach (SegmentRow row in rows.Value)
            {
                after = row.Id;
                if (!_staging.TryGet(row.Id, out _))
                {
                    _rows[row.Id] = row;
                }
            }
        }
    }

    /// <summary>Looks for those that are left in the store. True when none is left.</summary>
    internal async ValueTask<bool> TryFindAllAsync(CancellationToken cancel)
    {
        if (_count == 0)
        {
            return true;
        }

        await _one.WaitAsync(cancel);
        try
        {
            int notFound = 0;
            foreach (SegmentRow row in _rows.Values.ToList())
            {
                cancel.ThrowIfCancellationRequested();
                StoreError error = await TryFindAsync(row, cancel);
                if (error == StoreError.None)
                {
                    _rows.Remove(row.Id);
                }
                else if (error is StoreError.NotFound or StoreError.Corrupt)
                {
                    notFound++;
                    if (_told.Add(row.Id))
                    {
                        LogMissing(_logger, row.Id);
                    }
                }
            }

            _notFound = notFound;
            _count = _rows.Count;
            return _rows.Count == 0;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task<StoreError> TryFindAsync(SegmentRow row, CancellationToken cancel)
    {
        // The lengths may have been committed no more than the upload was.
        StoreResult<SegmentRow> found = await FindInStoresAsync(row, cancel);
        if (found.Succeeded)
        {
            MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(_clock.NextOperation(), found.Value with { Changed = _clock.Now }, cancel);
            return updated.Succeeded ? StoreError.None : StoreError.Unavailable;
        }

        // What nothing refers to any more may have been let go meanwhile.
        MetadataResult<SegmentRow> now = await _metadata.GetSegmentAsync(row.Id, cancel);
        bool isOver = now.Error == MetadataError.NotFound || (now.Succeeded && now.Value.State != SegmentState.Staged);
        return isOver ? StoreError.None : found.Error;
    }

    // An upload may have gone to any store of its placement, which may have been another then. What the others lack they get once it is live.
    private async Task<StoreResult<SegmentRow>> FindInStoresAsync(SegmentRow row, CancellationToken cancel)
    {
        MemberStore home = _stores.Home;
        StoreResult<SegmentRow> own = await StoredSegment.FindAsync(home.Store!, home.Number, row, cancel);
        if (own.Succeeded || _stores.IsSingle)
        {
            return own;
        }

        StoreError asked = own.Error is StoreError.Corrupt ? StoreError.NotFound : own.Error;
        foreach (MemberStore member in _stores.In(~home.Mask))
        {
            StoreError held = await member.HoldAsync(cancel);
            StoreResult<SegmentRow> found = held == StoreError.None ? await StoredSegment.FindAsync(member.Store!, member.Number, row, cancel) : StoreError.Unavailable;
            if (found.Succeeded)
            {
                return found;
            }

            asked = found.Error is StoreError.NotFound or StoreError.Corrupt ? asked : found.Error;
        }

        return asked == StoreError.NotFound ? own : asked; // As long as one does not answer, it may be there.
    }

    [LoggerMessage(586, LogLevel.Error, "Segment {Segment} is neither in staging nor whole in the store, and is looked for again; mount with the staging directory that has it, or run 'hipaafs fsck' to see which files it belongs to. Nothing newer becomes a backup point")]
    private static partial void LogMissing(ILogger logger, SegmentId segment);
}
