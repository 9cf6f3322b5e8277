using System.Diagnostics;
using HipaaFs.Dirty;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Moves written bytes from memory into staged segments and then into the metadata, in passes that serve many files at once.</summary>
/// <remarks>
/// <para>One pass: (1) take the dirty pages of the files due; (2) seal them; (3) write and fdatasync the segments, and staging's directory when a file is new;
/// (4) apply rows: the segments', then each file's extents, size and times. Only now a crash cannot show a row without its bytes. Durability of the rows is the
/// metadata's group commit, which fsync asks for and time brings otherwise.</para>
/// <para>A pass that fails puts its pages back below what was written since; nothing is lost while the process lives, and fsync reports it until one succeeds.</para>
/// <para>One loop runs all passes. <see cref="WritebackQueue"/> says which files a pass takes: those that somebody waits for before those that are only due.</para>
/// </remarks>
internal sealed partial class Writeback : IAsyncDisposable
{
    /// <summary>How long bytes stay in memory when nobody asks: with the metadata's commit interval this keeps close(2) durable within a second.</summary>
    internal static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(400);

    /// <summary>Dirty bytes of one file at which it is worth a pass.</summary>
    internal const long FileTrigger = 16L << 20;

    /// <summary>How often the loop looks for files that have come of age.</summary>
    internal static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    // A disk that took nothing is asked again after this, or when somebody waits for it.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly List<FinishRequest> _finishRequests = [];
    private int _whole; // Who has begun it and not ended it.
    private readonly FileTable _files;
    private readonly PagePool _pool;
    private readonly StagingArea _staging;
    private readonly SegmentWriters _writers;
    private readonly IMetadataStore _metadata;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly SegmentPlan _plan;
    private readonly WritebackQueue _queue;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private FsError _lastError;
    private long _failedAt;

    internal Writeback(
        FileTable files, PagePool pool, StagingArea staging, SegmentWriters writers, IMetadataStore metadata, SessionClock clock, TimeProvider time, ILogger logger)
    {
        _files = files;
        _pool = pool;
        _staging = staging;
        _writers = writers;
        _metadata = metadata;
        _clock = clock;
        _time = time;
        _logger = logger;
        _plan = new SegmentPlan(writers, time);
        _queue = new WritebackQueue(files, pool, time);
    }

    /// <summary>The volume's placements; null where there is only one.</summary>
    internal PlacementTable? Placements { get; init; }

    /// <summary>Raised when an open file that had no bytes in any segment has got its first.</summary>
    internal event Action<InodeId>? FirstBytesApplied;

    /// <summary>Why the last pass failed, <see cref="FsError.None"/> when it did not.</summary>
    internal FsError LastError
    {
        get
        {
            lock (_lock)
            {
                return _lastError;
            }
        }
    }

    /// <summary>Whether somebody waits for a file.</summary>
    internal bool HasUrgent => _queue.HasUrgent;

    /// <summary>For how long the oldest written bytes have been in memory only; zero when there are none.</summary>
    internal TimeSpan DirtyFor => _queue.DirtyFor;

    /// <summary>Starts the loop.</summary>
    internal void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Says that a file has unapplied data. The caller holds a reference and no lock.</summary>
    internal void NoteDirty(FileState file, long dirtyBytes)
    {
        bool wake = dirtyBytes >= FileTrigger || _pool.IsUnderPressure;
        _queue.Add(file, due: wake);
        if (wake)
        {
            Wake();
        }
    }

    /// <summary>Asks for room in the page pool.</summary>
    internal void RequestRoom()
    {
        _queue.AddAllForMemory();
        Wake();
    }

    /// <summary>Applies everything written to a file before the call, ahead of the files that nobody waits for. Completes when the rows are applied, not when they are durable.</summary>
    internal Task<FsError> FlushAsync(FileState file) => FlushAsync(file, urgent: true);

    /// <summary>Applies everything written to any file before the call.</summary>
    internal async Task<FsError> FlushAllAsync()
    {
        List<FileState> files = _queue.AcquireAll();
        FsError worst = FsError.None;
        List<Task<FsError>> flushes = files.ConvertAll(file => FlushAsync(file, urgent: false));
        foreach (Task<FsError> flush in flushes)
        {
            FsError error = await flush;
            worst = error == FsError.None ? worst : error;
        }

        foreach (FileState file in files)
        {
            _files.Release(file);
        }

        return worst;
    }

    /// <summary>From here to <see cref="EndWhole"/> the loop leaves no segment unfinished of its own accord, for those who need a moment at which none is.</summary>
    internal void BeginWhole() => Interlocked.Increment(ref _whole);

    /// <summary>Ends what <see cref="BeginWhole"/> began.</summary>
    internal void EndWhole() => Interlocked.Decrement(ref _whole);

    /// <summary>Finishes every open segment, so that all that is staged can be uploaded. Runs on the loop.</summary>
    /// <param name="leavesSparse">Whether one of which little is needed any more is left unfinished instead, to be repacked.</param>
    internal Task<FsError> FinishSegmentsAsync(bool leavesSparse = false)
    {
        var done = new TaskCompletionSource<FsError>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _finishRequests.Add(new FinishRequest(leavesSparse, done));
        }

        Wake();
        return done.Task;
    }

    /// <summary>Applies what is left, finishes the segments and ends the loop.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await FlushAllAsync();
            await FinishSegmentsAsync();
            await _stop.CancelAsync();
            Wake();
        }

        await _loop;
        _plan.Dispose();
        _stop.Dispose();
        _wake.Dispose();
    }

    private Task<FsError> FlushAsync(FileState file, bool urgent)
    {
        lock (file.Gate)
        {
            if (!file.HasUnapplied && file.WriteError == FsError.None)
            {
                file.DirtySince = 0; // What was written was cut off since.
                return Task.FromResult(FsError.None);
            }
        }

        Task<FsError> done = _queue.AddWaiting(file, urgent);
        Wake();
        return done;
    }

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await _wake.WaitAsync(Tick);
            try
            {
                bool worked;
                do
                {
                    worked = await PassAsync();
                    await FinishWhatIsRipeAsync();
                    await RunQuietAsync(); // Between any two passes: there may be no end of those who wait for files.
                }
                while (worked);
            }
            catch (Exception exception)
            {
                // Whoever waited has been answered. Without this loop nothing would ever leave memory again, so it goes on whatever happened.
                LogPassFailed(_logger, exception);
            }
        }

        RefuseQuiet();
    }

    // False when there was nothing to do.
    private async Task<bool> PassAsync()
    {
        bool failing;
        lock (_lock)
        {
            failing = _lastError != FsError.None && _time.GetElapsedTime(_failedAt) < RetryDelay;
        }

        List<WritebackTurn> turns = await EnterAsync(_queue.Take(aged: !failing));
        if (turns.Count == 0)
        {
            return _queue.HasUrgent; // Nobody waits for what was left for later.
        }

        await PassAsync(turns);
        return true;
    }

    // In the order of ids, as everybody enters several gates. A file that nobody waits for and somebody works on is left for later, so that the others do not wait for it.
    private async Task<List<WritebackTurn>> EnterAsync(List<WritebackTurn> turns)
    {
        var entered = new List<WritebackTurn>(turns.Count);
        foreach (WritebackTurn turn in turns)
        {
            if (turn.Waiting.Count > 0)
            {
                await turn.File.ExtentGate.WaitAsync();
            }
            else if (!turn.File.ExtentGate.Wait(0))
            {
                _queue.PutBack(turn);
                continue;
            }

            entered.Add(turn);
        }

        return entered;
    }

    private readonly record struct FinishRequest(bool LeavesSparse, TaskCompletionSource<FsError> Done);
}
