using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Brings finished segments to the store, oldest first, for ever: a failure is shown and tried again, never dropped.</summary>
/// <remarks>
/// Thread-safe. The queue is bounded by staging itself. An upload is done when <see cref="SegmentUpload"/> is sure of it: until then the file stays.
/// </remarks>
internal sealed partial class Uploader : IAsyncDisposable
{
    private const int Workers = 3;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly Queue<(long Ticket, StagedSegment Segment)> _queue = new();
    private readonly SortedSet<long> _open = [];
    private TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(long Last, TaskCompletionSource Done)> _waiting = [];
    private readonly SemaphoreSlim _ready = new(0);
    private readonly SegmentUpload _upload;
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
    private long _lastTicket;
    private StoreError _lastError;

    internal Uploader(
        IObjectStore store,
        KeyRing ring,
        StagingArea staging,
        FrameCache cache,
        IMetadataStore metadata,
        SessionFence fence,
        SessionClock clock,
        TimeProvider time,
        ILogger logger)
    {
        _upload = new SegmentUpload(store, ring, logger);
        _staging = staging;
        _cache = cache;
        _metadata = metadata;
        _fence = fence;
        _clock = clock;
        _time = time;
        _logger = logger;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(fence.Fenced);
    }

    /// <summary>Why the last upload failed, <see cref="StoreError.None"/> when it did not.</summary>
    internal StoreError LastError
    {
        get
        {
            lock (_lock)
            {
                return _lastError;
            }
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
            _queue.Enqueue((++_lastTicket, segment));
            _open.Add(_lastTicket);
        }

        _ready.Release();
    }

    /// <summary>Tries at once what waits for its next try.</summary>
    internal void RetryNow() =>
        Interlocked.Exchange(ref _hurry, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    /// <summary>Completes when everything that was taken over before the call is in the store; what comes later is not waited for. False when uploading has ended before that.</summary>
    internal async Task<bool> WaitUntilUploadedAsync(CancellationToken cancel)
    {
        Task uploaded;
        lock (_lock)
        {
            if (_open.Count == 0)
            {
                return true;
            }

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((_lastTicket, done));
            uploaded = done.Task;
        }

        await Task.WhenAny(uploaded, _ended.Task).WaitAsync(cancel);
        return uploaded.IsCompletedSuccessfully;
    }

    /// <summary>Stops; what is not uploaded stays staged.</summary>
    public async ValueTask DisposeAsync()
    {
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
                long ticket;
                StagedSegment segment;
                lock (_lock)
                {
                    (ticket, segment) = _queue.Dequeue();
                }

                await UploadUntilDoneAsync(segment);
                Conclude(ticket);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The volume closes, or a newer session has it. Staged data stays where it is.
            _ended.TrySetResult();
        }
    }

    private async Task UploadUntilDoneAsync(StagedSegment segment)
    {
        TimeSpan delay = FirstDelay;
        while (true)
        {
            StoreError error = await TryUploadOrLogAsync(segment);
            lock (_lock)
            {
                _lastError = error;
            }

            if (error == StoreError.None)
            {
                return;
            }

            LogUploadFailed(_logger, segment.Id, error, delay);
            await Task.WhenAny(Volatile.Read(ref _hurry).Task, Task.Delay(delay, _time, _stop.Token));
            _stop.Token.ThrowIfCancellationRequested();
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

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
        StoreError error = await _upload.TryAsync(segment, _stop.Token);
        return error == StoreError.None ? await SetLiveAsync(segment) : error;
    }

    private async Task<StoreError> SetLiveAsync(StagedSegment segment)
    {
        MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(
            _clock.NextOperation(), segment.Row with { State = SegmentState.Live, Changed = _clock.Now }, CancellationToken.None);
        bool gone = updated.Error is MetadataError.NotFound or MetadataError.Conflict;
        if (!updated.Succeeded && !gone)
        {
            return StoreError.Unavailable;
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

    private void Conclude(long ticket)
    {
        var done = new List<TaskCompletionSource>();
        lock (_lock)
        {
            _open.Remove(ticket);
            long oldest = _open.Count == 0 ? long.MaxValue : _open.Min;
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Last < oldest)
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

    [LoggerMessage(550, LogLevel.Warning, "Segment {Segment} could not be uploaded ({Error}); next try in {Delay}")]
    private static partial void LogUploadFailed(ILogger logger, SegmentId segment, StoreError error, TimeSpan delay);

    [LoggerMessage(551, LogLevel.Warning, "Uploaded segment {Segment} could not become part of the cache (error {Error})")]
    private static partial void LogNotAdopted(ILogger logger, SegmentId segment, int error);
}
