namespace HipaaFs.Fuse;

/// <summary>Interrupts a request when its caller is killed, and not when the caller only handles a signal, or is stopped.</summary>
/// <remarks>
/// <para>Calls on files of a local file system never fail with EINTR, and few programs expect it; a timer, a profiler or the scheduler of a language's
/// runtime signals threads all the time. The kernel sends INTERRUPT for every kind of signal, once for a request, and says nothing when a signal that
/// kills follows. So who was only signalled is looked at now and then, for as long as the request takes.</para>
/// <para>Thread-safe.</para>
/// </remarks>
internal sealed class InterruptWatch : IDisposable
{
    // What a program that is killed may take to end.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Func<uint, bool> _isBeingKilled;
    private readonly Lock _lock = new();
    private readonly List<Watched> _watched = []; // Guarded by _lock.
    private readonly ITimer _timer;
    private bool _isRunning; // Whether the timer is. Guarded by _lock.

    internal InterruptWatch(Func<uint, bool> isBeingKilled, TimeProvider time)
    {
        _isBeingKilled = isBeingKilled;
        _timer = time.CreateTimer(static watch => ((InterruptWatch)watch!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many callers are looked at.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _watched.Count;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    /// <summary>The caller of a request got a signal. Returns false when the request is not in service under this number any more.</summary>
    internal bool Signalled(FuseRequest request, ulong unique)
    {
        uint caller = request.Pid;
        if (!request.IsServing(unique))
        {
            return false;
        }

        if (_isBeingKilled(caller))
        {
            return request.TryInterrupt(unique);
        }

        lock (_lock)
        {
            _watched.Add(new Watched(request, unique, caller));
            Run();
        }

        return true;
    }

    /// <summary>Looks at the callers; the timer does it too.</summary>
    internal void Look()
    {
        Watched[] watched;
        lock (_lock)
        {
            watched = [.. _watched];
        }

        var over = new HashSet<ulong>();
        foreach (Watched item in watched)
        {
            if (!item.Request.IsServing(item.Unique) || (_isBeingKilled(item.Caller) && item.Request.TryInterrupt(item.Unique)))
            {
                over.Add(item.Unique);
            }
        }

        lock (_lock)
        {
            _watched.RemoveAll(item => over.Contains(item.Unique));
            _isRunning = false;
            Run();
        }
    }

    // Guarded by _lock.
    private void Run()
    {
        if (!_isRunning && _watched.Count > 0)
        {
            _isRunning = true;
            _timer.Change(Interval, Timeout.InfiniteTimeSpan);
        }
    }

    private readonly record struct Watched(FuseRequest Request, ulong Unique, uint Caller);
}
