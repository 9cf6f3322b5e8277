using System.Collections.Concurrent;

namespace HipaaFs.Testing.Storage;

/// <summary>A clock that moves only when a test moves it. Timers fire on the thread that does, in the order in which they are due.</summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = []; // Running ones. Guarded by _lock.
    private DateTimeOffset _now; // Guarded by _lock.
    private TimeSpan _ahead; // Of what has gone by, as a time of day that somebody set shows it. Guarded by _lock.

    public ManualTimeProvider(DateTimeOffset? start = null) => _now = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Called when a timer is started, with the time that it waits: so a test knows that somebody waits.</summary>
    public event Action<TimeSpan>? Started;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers are running, those of delays and time-outs included.</summary>
    public int RunningTimers
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count;
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now + _ahead;
        }
    }

    public override long GetTimestamp() => Now.UtcTicks;

    private DateTimeOffset Now
    {
        get
        {
            lock (_lock)
            {
                return _now;
            }
        }
    }

    /// <summary>Sets the time of day to another one, as who administers a machine can: no time goes by, and no timer knows of it.</summary>
    public void Set(TimeSpan by)
    {
        lock (_lock)
        {
            _ahead += by;
        }
    }

    /// <summary>Moves the clock forward and fires what becomes due.</summary>
    public void Advance(TimeSpan by)
    {
        DateTimeOffset target = Now + by;
        while (FireNext(target))
        {
        }

        lock (_lock)
        {
            _now = target > _now ? target : _now;
        }
    }

    /// <summary>Moves the clock to the next timer and fires it. Returns false when none is running.</summary>
    public bool AdvanceToNextTimer() => FireNext(DateTimeOffset.MaxValue);

    /// <summary>Moves the clock forward step by step until some work ends that waits for it now and then, and now and then for a store that knows nothing of it.</summary>
    /// <remarks>No step is made while the store is at work, so that no call times out that is being answered.</remarks>
    public async Task AdvanceUntilEndedAsync(Task work, TimeSpan step, FaultingObjectStore store)
    {
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, store.WhenIdleAsync());
            Advance(step);
            await Task.Yield();
        }

        await work;
    }

    /// <summary>Starts an operation and moves the clock from timer to timer until it ends.</summary>
    /// <remarks>
    /// All that it does after a wait comes back to the one thread that moves the clock, and is done before the clock moves again: a
    /// time-out of work that is under way is never mistaken for the next thing to wait for. What it does on other threads is not waited for.
    /// </remarks>
    public Task<T> RunAsync<T>(Func<Task<T>> start) => Task.Run(() =>
    {
        var turns = new OneThread();
        SynchronizationContext.SetSynchronizationContext(turns);
        try
        {
            Task<T> operation = start();
            while (!operation.IsCompleted)
            {
                if (!turns.RunNext() && !AdvanceToNextTimer())
                {
                    Thread.Yield();
                }
            }

            return operation;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    });

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private bool FireNext(DateTimeOffset limit)
    {
        ManualTimer? next;
        lock (_lock)
        {
            next = _timers.MinBy(static timer => timer.Due);
            if (next is null || next.Due > limit)
            {
                return false;
            }

            _now = next.Due > _now ? next.Due : _now;
            if (next.Period == Timeout.InfiniteTimeSpan)
            {
                _timers.Remove(next);
            }
            else
            {
                next.Due += next.Period;
            }
        }

        next.Fire();
        return true;
    }

    private sealed class OneThread : SynchronizationContext
    {
        private readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State)> _posted = new();

        public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

        public bool RunNext()
        {
            bool isAny = _posted.TryDequeue(out (SendOrPostCallback Callback, object? State) next);
            if (isAny)
            {
                next.Callback(next.State);
            }

            return isAny;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = clock._now + dueTime;
                    Period = period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : period;
                    clock._timers.Add(this);
                }
            }

            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                clock.Started?.Invoke(dueTime);
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
