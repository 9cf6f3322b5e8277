using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace HipaaFs.Storage;

/// <summary>Waits for a read or for the moment at which it is late, whichever is first. Used again and again, so that waiting allocates nothing.</summary>
/// <remarks>
/// One read at a time: <see cref="Start"/>, then <see cref="IsLateAsync"/>, then, if it is late, <see cref="FirstEndedAsync"/> until the read has ended, then
/// <see cref="TryFinish"/>. A timer that fires while it is stopped may call the next read late too soon; that costs at most a second request.
/// </remarks>
internal sealed class ReadRace : IValueTaskSource<bool>, IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _timer;
    private readonly Action _firstEnded;
    private ManualResetValueTaskSourceCore<bool> _signal;
    private CancellationTokenRegistration _registration;
    private TaskCompletionSource? _ended; // This and the next two guarded by _lock.
    private bool _isSignalled = true;
    private bool _hasEnded;

    internal ReadRace(TimeProvider time)
    {
        _firstEnded = EndFirst;
        _timer = time.CreateTimer(static race => ((ReadRace)race!).Late(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins a race. The token that ends the read: with the caller's own, or by <see cref="CancelFirst"/>.</summary>
    internal CancellationToken Start(CancellationToken cancel)
    {
        _registration = cancel.UnsafeRegister(static race => ((ReadRace)race!)._stop.Cancel(), this);
        return _stop.Token;
    }

    /// <summary>Whether the read has not ended by then.</summary>
    internal ValueTask<bool> IsLateAsync(ConfiguredValueTaskAwaitable<StoreResult<int>>.ConfiguredValueTaskAwaiter first, TimeSpan delay)
    {
        _signal.Reset();
        lock (_lock)
        {
            _isSignalled = false;
            _hasEnded = false;
            _ended = null;
        }

        var late = new ValueTask<bool>(this, _signal.Version);
        _timer.Change(delay, Timeout.InfiniteTimeSpan);
        first.UnsafeOnCompleted(_firstEnded);
        return late;
    }

    /// <summary>Ends when the read that was late has ended.</summary>
    internal Task FirstEndedAsync()
    {
        lock (_lock)
        {
            if (_hasEnded)
            {
                return Task.CompletedTask;
            }

            _ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _ended.Task;
        }
    }

    /// <summary>Cancels the read.</summary>
    internal void CancelFirst() => _stop.Cancel();

    /// <summary>Ends the race. Whether this can be used for another; else it is disposed of.</summary>
    internal bool TryFinish()
    {
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _registration.Dispose();
        _registration = default;
        return _stop.TryReset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _stop.Dispose();
    }

    /// <inheritdoc/>
    bool IValueTaskSource<bool>.GetResult(short token) => _signal.GetResult(token);

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _signal.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _signal.OnCompleted(continuation, state, token, flags);

    private void Late()
    {
        lock (_lock)
        {
            if (_isSignalled)
            {
                return;
            }

            _isSignalled = true;
        }

        _signal.SetResult(true);
    }

    private void EndFirst()
    {
        TaskCompletionSource? ended;
        bool isFirst;
        lock (_lock)
        {
            _hasEnded = true;
            ended = _ended;
            isFirst = !_isSignalled;
            _isSignalled = true;
        }

        if (isFirst)
        {
            _signal.SetResult(false);
        }
        else
        {
            ended?.SetResult();
        }
    }
}
