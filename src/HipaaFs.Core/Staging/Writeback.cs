using System.Diagnostics;
using HipaaFs.Dirty;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Moves written bytes from memory into staged segments and then into the metadata, in passes that serve many files at once.</summary>
/// <remarks>
/// <para>One pass: (1) take the dirty pages of the files due; (2) seal them; (3) write and fdatasync the segments, and staging's directory when a file is new;
/// (4) apply rows: the segments', then each file's extents, size and times. Only now a crash cannot show a row without its bytes. Durability of the rows is the
/// metadata's group commit, which fsync asks for and time brings otherwise.</para>
/// <para>A pass that fails puts its pages back below what was written since; nothing is lost while the process lives, and fsync reports it until one succeeds.</para>
/// <para>One loop runs all passes. Files due: asked for by fsync or rename; dirty for <see cref="MaxAge"/>; or all of them when memory runs short.</para>
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
    private readonly Dictionary<FileState, List<TaskCompletionSource<FsError>>?> _due = [];
    private readonly HashSet<FileState> _dirty = [];
    private readonly List<TaskCompletionSource<FsError>> _finishRequests = [];
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
    }

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

    /// <summary>Starts the loop.</summary>
    internal void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Says that a file has unapplied data. The caller holds a reference and no lock.</summary>
    internal void NoteDirty(FileState file, long dirtyBytes)
    {
        bool wake = dirtyBytes >= FileTrigger || _pool.IsUnderPressure;
        lock (_lock)
        {
            if (_dirty.Add(file))
            {
                _files.AddReference(file);
            }

            if (wake)
            {
                _due.TryAdd(file, null);
            }
        }

        if (wake)
        {
            Wake();
        }
    }

    /// <summary>Asks for room in the page pool.</summary>
    internal void RequestRoom()
    {
        lock (_lock)
        {
            foreach (FileState file in _dirty)
            {
                _due.TryAdd(file, null);
            }
        }

        Wake();
    }

    /// <summary>Applies everything written to a file before the call. Completes when the rows are applied, not when they are durable.</summary>
    internal Task<FsError> FlushAsync(FileState file)
    {
        lock (file.Gate)
        {
            if (!file.HasUnapplied && file.WriteError == FsError.None)
            {
                return Task.FromResult(FsError.None);
            }
        }

        var done = new TaskCompletionSource<FsError>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_dirty.Add(file))
            {
                _files.AddReference(file);
            }

            if (!_due.TryGetValue(file, out List<TaskCompletionSource<FsError>>? waiting) || waiting is null)
            {
                _due[file] = waiting = [];
            }

            waiting.Add(done);
        }

        Wake();
        return done.Task;
    }

    /// <summary>Applies everything written to any file before the call.</summary>
    internal async Task<FsError> FlushAllAsync()
    {
        List<FileState> files;
        lock (_lock)
        {
            files = [.. _dirty];
            foreach (FileState file in files)
            {
                _files.AddReference(file);
            }
        }

        FsError worst = FsError.None;
        List<Task<FsError>> flushes = files.ConvertAll(FlushAsync);
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

    /// <summary>Finishes every open segment, so that all that is staged can be uploaded. Runs on the loop.</summary>
    internal Task<FsError> FinishSegmentsAsync()
    {
        var done = new TaskCompletionSource<FsError>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _finishRequests.Add(done);
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
                List<Due> due = TakeDue();
                if (due.Count > 0)
                {
                    await PassAsync(due);
                }

                await FinishWhatIsRipeAsync();
                await RunQuietAsync();
            }
            catch (Exception exception)
            {
                // Whoever waited has been answered. Without this loop nothing would ever leave memory again, so it goes on whatever happened.
                LogPassFailed(_logger, exception);
            }
        }

        RefuseQuiet();
    }

    private List<Due> TakeDue()
    {
        long now = _time.GetTimestamp();
        var due = new List<Due>();
        lock (_lock)
        {
            foreach ((FileState file, List<TaskCompletionSource<FsError>>? waiting) in _due)
            {
                due.Add(new Due(file, waiting));
            }

            bool waits = _lastError != FsError.None && _time.GetElapsedTime(_failedAt, now) < RetryDelay;
            foreach (FileState file in _dirty)
            {
                if (!waits && !_due.ContainsKey(file) && IsAged(file, now))
                {
                    due.Add(new Due(file, Waiting: []));
                }
            }

            _due.Clear();
        }

        due.Sort(static (left, right) => left.File.Id.CompareTo(right.File.Id));
        return due;
    }

    private bool IsAged(FileState file, long now)
    {
        long since = file.DirtySince;
        return since == 0 || _time.GetElapsedTime(since, now) >= MaxAge; // Nothing left to apply: the pass lets the file go.
    }

    /// <summary>A file's turn in a pass. Whoever waits wants all of it; without a list only memory matters and the growing end may stay.</summary>
    private sealed record Due(FileState File, List<TaskCompletionSource<FsError>>? Waiting);
}
