namespace HipaaFs.Fuse;

/// <summary>The request threads of a session that do not read at the moment, and who calls them back.</summary>
/// <remarks>
/// Handlers should not block. When all readers stay inside handlers for <see cref="WatchPeriod"/> nevertheless, a parked thread takes
/// over: one of them watches while there is traffic and sleeps like the others when there has been none for a second.
/// </remarks>
internal sealed class ParkedReaders
{
    private const int QuietTicksToSleep = 100;

    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(10);

    // The calling reader's own: it counts in _blocking.
    [ThreadStatic]
    private static bool s_blocks;

    private readonly object _lock = new();
    private readonly int _threads;
    private int _readers; // Written under _lock.
    private int _called; // This and the next three guarded by _lock.
    private int _parked;
    private bool _stopping;
    private bool _hasWatch;
    private bool _watching; // Written under _lock.
    private int _serving;
    private int _blocking;
    private long _served;

    /// <summary>Begins with all threads reading.</summary>
    internal ParkedReaders(int threads)
    {
        _threads = threads;
        _readers = threads;
    }

    /// <summary>Threads that read or serve.</summary>
    internal int Readers => Volatile.Read(ref _readers);

    /// <summary>Whether a reader is in a handler.</summary>
    internal bool IsAnyServing => Volatile.Read(ref _serving) > 0;

    /// <summary>A reader goes into a handler. The first one after a quiet time starts the watch.</summary>
    internal void EnterService()
    {
        if (!Volatile.Read(ref _watching))
        {
            StartWatch();
        }

        Interlocked.Increment(ref _serving);
    }

    /// <summary>A reader comes out of a handler.</summary>
    internal void LeaveService()
    {
        Interlocked.Decrement(ref _serving);
        if (s_blocks)
        {
            s_blocks = false;
            Interlocked.Decrement(ref _blocking);
        }

        // Lost counts do no harm: what matters is whether it moves.
        Volatile.Write(ref _served, _served + 1);
    }

    /// <summary>Waits to be called. Returns false when the session ends, true at once when fewer than <paramref name="floor"/> others would read.</summary>
    internal bool TryPark(int floor)
    {
        lock (_lock)
        {
            if (_stopping || _readers <= floor)
            {
                return !_stopping;
            }

            _readers--;
            _parked++;
            WaitForCall();
            _parked--;
            _readers++;
            return !_stopping;
        }
    }

    /// <summary>Lets the calling reader wait for a device until <see cref="LeaveService"/>. False when all others do so already.</summary>
    internal bool TryBlock()
    {
        if (s_blocks)
        {
            return true;
        }

        if (Interlocked.Increment(ref _blocking) >= _threads)
        {
            Interlocked.Decrement(ref _blocking);
            return false;
        }

        s_blocks = true;
        return true;
    }

    /// <summary>Calls one parked thread back. False when there is none that has not been called.</summary>
    internal bool CallOne()
    {
        lock (_lock)
        {
            if (_parked <= _called)
            {
                return false;
            }

            _called++;
            Monitor.Pulse(_lock);
            return true;
        }
    }

    /// <summary>Lets all go: the session ends.</summary>
    internal void Stop()
    {
        lock (_lock)
        {
            _stopping = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void WaitForCall()
    {
        long lastServed = -1;
        int quiet = 0;
        bool isWatch = false;
        while (_called == 0 && !_stopping)
        {
            if (!_watching || (_hasWatch && !isWatch))
            {
                Monitor.Wait(_lock);
                continue;
            }

            _hasWatch = true;
            isWatch = true;
            Monitor.Wait(_lock, WatchPeriod);
            long served = Volatile.Read(ref _served);
            if (served == lastServed && Volatile.Read(ref _serving) >= _readers)
            {
                break;
            }

            quiet = served == lastServed ? quiet + 1 : 0;
            lastServed = served;
            if (quiet >= QuietTicksToSleep)
            {
                quiet = 0;
                _watching = false;
                _hasWatch = false;
                isWatch = false;
            }
        }

        _called = Math.Max(0, _called - 1);
        if (isWatch)
        {
            // Another takes the watch.
            _hasWatch = false;
            Monitor.Pulse(_lock);
        }
    }

    private void StartWatch()
    {
        lock (_lock)
        {
            _watching = true;
            Monitor.Pulse(_lock);
        }
    }
}
