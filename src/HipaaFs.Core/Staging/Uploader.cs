using System.Diagnostics;
using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Brings finished segments to the store, oldest first, for ever: a failure is shown and tried again, never dropped.</summary>
/// <remarks>
/// Thread-safe. The queue is bounded by staging itself. An upload is done when every store that must have the segment does (<see cref="PlacedUpload"/>): until then the file stays.
/// A segment whose upload failed waits for its next try beside the queue, with growing pauses, and holds up no other. As long as nothing succeeds, the tries
/// of all that wait are spread out too: a store that is full or away is not asked once for every segment again and again.
/// </remarks>
internal sealed partial class Uploader : IAsyncDisposable
{
    /// <summary>Segments on their way at a time. More than fill a link: while one is begun or proven, which is waiting for answers, the others send.</summary>
    internal const int Workers = 4;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new(); // Guards everything up to _ready, which is released under it too.
    private readonly Queue<PendingUpload> _queue = new();
    private readonly PriorityQueue<PendingUpload, long> _failed = new();
    private readonly SortedDictionary<long, FailedUpload> _errors = [];
    private readonly SortedSet<long> _open = [];
    private readonly Dictionary<SegmentId, long> _tickets = [];
    private readonly List<(HashSet<long> Open, TaskCompletionSource Done)> _waiting = [];
    private readonly ITimer _retrying;
    private TimeSpan _pause; // Between tries of what has failed before.
    private long _nextRetry;
    private long _lastTicket;
    private bool _isStopped;
    private readonly SemaphoreSlim _ready = new(0);
    private readonly PlacedUpload _upload;
    private readonly VolumeStores _stores;
    private readonly StagingArea _staging;
    private readonly FrameCache _cache;
    private readonly IMetadataStore _metadata;
    private readonly SessionFence _fence;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop;
    private Task[] _workers = [];

    internal Uploader(
        VolumeStores stores,
        KeyRing ring,
        StagingArea staging,
        FrameCache cache,
        IMetadataStore metadata,
        SessionFence fence,
        SessionClock clock,
        TimeProvider time,
        ILogger logger)
    {
        _upload = new PlacedUpload(stores, ring, logger);
        _stores = stores;
        _staging = staging;
        _cache = cache;
        _metadata = metadata;
        _fence = fence;
        _clock = clock;
        _time = time;
        _logger = logger;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(fence.Fenced);
        _retrying = time.CreateTimer(static uploader => ((Uploader)uploader!).RetryDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Called when a segment is live that a store of its placement lacks.</summary>
    internal Action? Incomplete { get; set; }

    /// <summary>How many segments wait for another try, and why the oldest of them does: <see cref="StoreError.None"/> when there is none.</summary>
    internal (int Count, StoreError Error) Failed
    {
        get
        {
            lock (_lock)
            {
                foreach (FailedUpload failed in _errors.Values)
                {
                    return (_errors.Count, failed.Error);
                }

                return (0, StoreError.None);
            }
        }
    }

    /// <summary>Why a store did not take what was brought to it last; None when it did, or nothing was.</summary>
    internal StoreError RefusalOf(int store) => _upload.RefusalOf(store);

    /// <summary>The segments that wait for another try, those first that wait in vain, then the oldest; no more than so many.</summary>
    internal IReadOnlyList<FailedUpload> ListFailed(int most)
    {
        lock (_lock)
        {
            return [.. _errors.Values.OrderByDescending(static failed => failed.IsHopeless).Take(most)];
        }
    }

    /// <summary>Segments queued or under way.</summary>
    internal int Pending
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Starts the workers.</summary>
    internal void Start()
    {
        _workers = new Task[Workers];
        for (int i = 0; i < Workers; i++)
        {
            _workers[i] = Task.Run(RunAsync);
        }
    }

    /// <summary>Takes a finished segment over.</summary>
    internal void Enqueue(StagedSegment segment)
    {
        lock (_lock)
        {
            _open.Add(++_lastTicket);
            _tickets[segment.Id] = _lastTicket;
            Queue(new PendingUpload(_lastTicket, segment));
        }
    }

    /// <summary>Tries at once what waits for its next try.</summary>
    internal void RetryNow()
    {
        lock (_lock)
        {
            _pause = TimeSpan.Zero;
            while (!_isStopped && _failed.TryDequeue(out PendingUpload? upload, out _))
            {
                Queue(upload);
            }
        }
    }

    /// <summary>Completes when everything that was taken over before the call is in the store; what comes later is not waited for. False when uploading has ended before that.</summary>
    internal Task<bool> WaitUntilUploadedAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            return WaitAsync([.. _open], cancel);
        }
    }

    /// <summary>Completes when these of what was taken over are in the store, whatever others wait for. False when uploading has ended before that.</summary>
    internal Task<bool> WaitUntilUploadedAsync(IReadOnlyCollection<SegmentId> segments, CancellationToken cancel)
    {
        lock (_lock)
        {
            var open = new HashSet<long>();
            foreach (SegmentId segment in segments)
            {
                if (_tickets.TryGetValue(segment, out long ticket))
                {
                    open.Add(ticket);
                }
            }

            return WaitAsync(open, cancel);
        }
    }

    private async Task<bool> WaitAsync(HashSet<long> open, CancellationToken cancel)
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "what is open does not change before it is waited for");
        if (open.Count == 0)
        {
            return true;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((open, done));
        Task uploaded = done.Task;
        await Task.WhenAny(uploaded, _ended.Task).WaitAsync(cancel);
        return uploaded.IsCompletedSuccessfully;
    }

    /// <summary>Stops; what is not uploaded stays staged.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isStopped = true;
        }

        await _retrying.DisposeAsync();
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _ended.TrySetResult();
        _stop.Dispose();
        _ready.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await _fence.WaitForClaimAsync(_stop.Token);
            while (true)
            {
                await _ready.WaitAsync(_stop.Token);
                PendingUpload upload;
                lock (_lock)
                {
                    upload = _queue.Dequeue();
                }

                StoreError error = await TryUploadOrLogAsync(upload.Segment with { IsUntried = upload.IsFirstTry });
                if (error == StoreError.None)
                {
                    Conclude(upload);
                }
                else
                {
                    Postpone(upload, error);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The volume closes, or a newer session has it. Staged data stays where it is.
            _ended.TrySetResult();
        }
    }

    private void Postpone(PendingUpload upload, StoreError error)
    {
        bool isHopeless = _upload.IsHopeless(upload.Segment, error);
        lock (_lock)
        {
            bool isFirst = upload.Delay == TimeSpan.Zero;
            upload.Delay = isFirst ? FirstDelay : Longer(upload.Delay, LongestDelay);
            _pause = isFirst ? _pause : Longer(_pause, LongestPause);
            FailedUpload? before = _errors.GetValueOrDefault(upload.Ticket);
            _errors[upload.Ticket] = new FailedUpload(upload.Segment.Id, error, before?.Since ?? _time.GetUtcNow(), isHopeless);
            isHopeless &= before?.IsHopeless != true;
            _failed.Enqueue(upload, After(upload.Delay));
            Schedule();
        }

        LogUploadFailed(_logger, upload.Segment.Id, error, upload.Delay);
        if (isHopeless)
        {
            LogHopeless(_logger, upload.Segment.Id);
        }
    }

    private void RetryDue()
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            while (!_isStopped && now >= _nextRetry && _failed.TryPeek(out PendingUpload? upload, out long due) && now >= due)
            {
                _failed.Dequeue();
                _nextRetry = After(_pause);
                Queue(upload);
            }

            Schedule();
        }
    }

    private void Schedule()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread);
        if (!_isStopped && _failed.TryPeek(out _, out long due))
        {
            long now = _time.GetTimestamp();
            _retrying.Change(_time.GetElapsedTime(now, Math.Max(now, Math.Max(due, _nextRetry))), Timeout.InfiniteTimeSpan);
        }
    }

    private void Queue(PendingUpload upload)
    {
        Debug.Assert(_lock.IsHeldByCurrentThread);
        _queue.Enqueue(upload);
        _ready.Release();
    }

    // Not by the time of day, which may be set back by hours.
    private long After(TimeSpan delay) => _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);

    private static TimeSpan Longer(TimeSpan delay, TimeSpan longest) =>
        delay < FirstDelay ? FirstDelay : delay * 2 < longest ? delay * 2 : longest;

    private async Task<StoreError> TryUploadOrLogAsync(StagedSegment segment)
    {
        try
        {
            return await TryUploadAsync(segment);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            // Without its worker the segment would never be uploaded, so it is tried again whatever happened.
            LogUploadBroken(_logger, segment.Id, exception);
            return StoreError.Unavailable;
        }
    }

    private async Task<StoreError> TryUploadAsync(StagedSegment segment)
    {
        StoreResult<ulong> copies = await _upload.TryAsync(segment, _stop.Token);
        return copies.Succeeded ? await SetLiveAsync(segment, copies.Value) : copies.Error;
    }

    private async Task<StoreError> SetLiveAsync(StagedSegment segment, ulong copies)
    {
        MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(
            _clock.NextOperation(), segment.Row with { State = SegmentState.Live, Copies = copies, Changed = _clock.Now }, CancellationToken.None);
        bool gone = updated.Error is MetadataError.NotFound or MetadataError.Conflict;
        if (!updated.Succeeded && !gone)
        {
            return StoreError.Unavailable;
        }

        if (segment.Row.State == SegmentState.Live) // A check had given it up: what its row says of the stores stays as it is when it is replaced.
        {
            MetadataResult<Applied> set = await _metadata.SetCopiesAsync(_clock.NextOperation(), segment.Id, copies, segment.Row.Copies & ~copies, CancellationToken.None);
            gone |= set.Error is MetadataError.NotFound or MetadataError.Conflict;
            if (!set.Succeeded && !gone)
            {
                return StoreError.Unavailable;
            }
        }

        try
        {
            _cache.Adopt(segment.Id, segment.Path, segment.Row.ObjectLength);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The cache's disk is full or broken: the store has the data, so the staged copy may go.
            LogNotAdopted(_logger, segment.Id, exception.HResult);
            DeleteStaged(segment);
        }

        _staging.Remove(segment.Id);
        if ((_stores.WantedBy(segment.Row.Placement) & ~copies) != 0)
        {
            Incomplete?.Invoke();
        }

        return StoreError.None;
    }

    private void DeleteStaged(StagedSegment segment)
    {
        try
        {
            File.Delete(segment.Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotAdopted(_logger, segment.Id, exception.HResult); // It is in the store; the next mount removes the file.
        }
    }

    private void Conclude(PendingUpload upload)
    {
        var done = new List<TaskCompletionSource>();
        lock (_lock)
        {
            _pause = TimeSpan.Zero;
            _errors.Remove(upload.Ticket);
            _open.Remove(upload.Ticket);
            if (_tickets.GetValueOrDefault(upload.Segment.Id) == upload.Ticket)
            {
                _tickets.Remove(upload.Segment.Id);
            }

            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Open.Remove(upload.Ticket) && _waiting[i].Open.Count == 0)
                {
                    done.Add(_waiting[i].Done);
                    _waiting.RemoveAt(i);
                }
            }
        }

        foreach (TaskCompletionSource waiting in done)
        {
            waiting.SetResult();
        }
    }

    [LoggerMessage(559, LogLevel.Critical, "The upload of segment {Segment} failed unexpectedly; it is tried again")]
    private static partial void LogUploadBroken(ILogger logger, SegmentId segment, Exception exception);

    [LoggerMessage(553, LogLevel.Critical, "Segment {Segment} can never be uploaded: its file in staging is damaged or cannot be opened. Nothing newer becomes a backup point; unmount the volume and run 'hipaafs fsck --repair'")]
    private static partial void LogHopeless(ILogger logger, SegmentId segment);

    [LoggerMessage(550, LogLevel.Warning, "Segment {Segment} could not be uploaded ({Error}); next try in {Delay}")]
    private static partial void LogUploadFailed(ILogger logger, SegmentId segment, StoreError error, TimeSpan delay);

    [LoggerMessage(551, LogLevel.Warning, "Uploaded segment {Segment} could not become part of the cache (error {Error})")]
    private static partial void LogNotAdopted(ILogger logger, SegmentId segment, int error);
}
