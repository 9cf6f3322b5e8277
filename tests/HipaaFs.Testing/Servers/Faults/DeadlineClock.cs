namespace HipaaFs.Testing.Servers.Faults;

/// <summary>The system's clock, but time-outs run out only when a test says so: pauses take the time they take, and no load of the machine makes a request late.</summary>
/// <remarks>A time-out is a timer of <see cref="Shortest"/> and more. Thread-safe.</remarks>
public sealed class DeadlineClock : TimeProvider
{
    /// <summary>What is longer than any pause.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly HashSet<Deadline> _deadlines = []; // Guarded by _lock.
    private long _ahead; // Ticks that went by at once.

    /// <inheritdoc/>
    public override long TimestampFrequency => System.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _ahead));

    /// <inheritdoc/>
    public override long GetTimestamp() =>
        System.GetTimestamp() + (long)(TimeSpan.FromTicks(Volatile.Read(ref _ahead)).TotalSeconds * System.TimestampFrequency);

    /// <summary>Lets time go by at once; no timer runs out by it.</summary>
    public void Pass(TimeSpan time) => Interlocked.Add(ref _ahead, time.Ticks);

    /// <summary>Lets all time-outs run out that run now.</summary>
    public void Expire()
    {
        Deadline[] due;
        lock (_lock)
        {
            due = [.. _deadlines];
            _deadlines.Clear();
        }

        foreach (Deadline deadline in due)
        {
            deadline.Fire();
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < Shortest)
        {
            return System.CreateTimer(callback, state, dueTime, period);
        }

        var deadline = new Deadline(this, callback, state);
        lock (_lock)
        {
            _deadlines.Add(deadline);
        }

        return deadline;
    }

    private sealed class Deadline(DeadlineClock clock, TimerCallback callback, object? state) : ITimer
    {
        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                _ = dueTime < Shortest ? clock._deadlines.Remove(this) : clock._deadlines.Add(this);
                return true;
            }
        }

        public void Dispose() => Change(TimeSpan.Zero, TimeSpan.Zero);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
