using System.Diagnostics;

namespace HipaaFs.Fuse;

/// <summary>The requests of a session: how many there may be, and how much memory they may occupy.</summary>
/// <remarks>
/// <para>Requests are created when needed and used last-in first-out, so that few blocks become warm (their payload pages are in memory).
/// At most <see cref="FuseSessionOptions.MaxRequests"/> exist: then <see cref="Rent"/> waits, and with it the kernel.</para>
/// <para>At most <see cref="FuseSessionOptions.MaxLargeRequests"/> large requests that bring no data are served at a time; those beyond that wait here
/// without holding a thread. Writes bring their data along, so that waiting would save nothing: they are served until as many and
/// <see cref="WriteReserve"/> more are in service, then <see cref="Rent"/> waits. The two do not count against each other. So everything else is read
/// and answered even when writes past the page cache hang because there is no room for their data; those of the page cache the kernel itself limits.</para>
/// <para>Blocks that were not needed for a while give their pages back, at once where more are warm than can be in use.</para>
/// </remarks>
internal sealed class FuseRequestPool : IDisposable
{
    /// <summary>Large writes served beyond the limit of large requests. What they bring stays in memory while they wait; the kernel does not keep it for us.</summary>
    internal const int WriteReserve = 256;

    /// <summary>Blocks that writes beyond the limit may leave warm; those of more are given back when their writes end.</summary>
    internal const int WarmReserve = 8;

    private static readonly TimeSpan TrimPeriod = TimeSpan.FromSeconds(10);

    private readonly object _lock = new();
    private readonly FuseRequest?[] _all;
    private readonly FuseRequest[] _free;
    private readonly Queue<FuseRequest> _waiting = new();
    private readonly int _payloadCapacity;
    private readonly int _largeLimit;
    private readonly int _warmLimit;
    private readonly ITimer _trimming;
    private int _created; // This and the rest guarded by _lock.
    private int _freeCount;
    private int _large; // Without writes.
    private int _writes;
    private int _warm;
    private int _leastFree;

    internal FuseRequestPool(int maxRequests, int maxLarge, int threads, int payloadCapacity, TimeProvider time)
    {
        _all = new FuseRequest?[maxRequests];
        _free = new FuseRequest[maxRequests];
        _largeLimit = maxLarge;
        _warmLimit = maxLarge + WarmReserve + threads;
        _payloadCapacity = payloadCapacity;
        _trimming = time.CreateTimer(static pool => ((FuseRequestPool)pool!).TrimIdle(), this, TrimPeriod, TrimPeriod);
    }

    /// <summary>Requests that are not in the pool.</summary>
    internal int Outstanding
    {
        get
        {
            lock (_lock)
            {
                return _created - _freeCount;
            }
        }
    }

    /// <summary>Takes a request, waiting for one when all are in service or too many writes are.</summary>
    internal FuseRequest Rent()
    {
        lock (_lock)
        {
            while ((_freeCount == 0 && _created == _all.Length) || _writes >= _largeLimit + WriteReserve)
            {
                Monitor.Wait(_lock);
            }

            if (_freeCount > 0)
            {
                _freeCount--;
                _leastFree = Math.Min(_leastFree, _freeCount);
                return _free[_freeCount];
            }

            var request = new FuseRequest(new RequestBlock(_payloadCapacity));
            Volatile.Write(ref _all[_created], request);
            _created++;
            return request;
        }
    }

    /// <summary>Gives a request back.</summary>
    internal void Return(FuseRequest request)
    {
        lock (_lock)
        {
            Debug.Assert(_freeCount < _created, "a request is returned once");
            if (_warm > _warmLimit)
            {
                Cool(request);
            }

            _free[_freeCount] = request;
            _freeCount++;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Counts a large request into service. Returns false when it has to wait: it is then served by the thread pool in its turn.</summary>
    internal bool TryEnterLarge(FuseRequest request, bool isWrite)
    {
        lock (_lock)
        {
            if (!isWrite && _large >= _largeLimit)
            {
                _waiting.Enqueue(request);
                return false;
            }

            Warm(request);
            _writes += isWrite ? 1 : 0;
            _large += isWrite ? 0 : 1;
            return true;
        }
    }

    /// <summary>Counts a large request out of service and starts one that waits.</summary>
    internal void LeaveLarge(bool isWrite)
    {
        FuseRequest? next = null;
        lock (_lock)
        {
            _writes -= isWrite ? 1 : 0;
            _large -= isWrite ? 0 : 1;
            if (_large < _largeLimit && _waiting.TryDequeue(out next))
            {
                Warm(next);
                _large++;
            }

            Monitor.PulseAll(_lock);
        }

        if (next is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static request => request.ServeWaiting(), next, preferLocal: false);
        }
    }

    /// <summary>The request in service under this number; null when there is none.</summary>
    internal FuseRequest? Find(ulong unique)
    {
        foreach (ref FuseRequest? slot in _all.AsSpan())
        {
            FuseRequest? request = Volatile.Read(ref slot);
            if (request is null || request.IsServing(unique))
            {
                return request;
            }
        }

        return null;
    }

    /// <summary>Interrupts every request in service.</summary>
    internal void InterruptAll()
    {
        foreach (ref FuseRequest? slot in _all.AsSpan())
        {
            Volatile.Read(ref slot)?.Interrupt();
        }
    }

    /// <summary>Waits until every request has come back.</summary>
    internal void WaitForAll()
    {
        lock (_lock)
        {
            while (_freeCount < _created)
            {
                Monitor.Wait(_lock);
            }
        }
    }

    /// <summary>Gives back the pages of the blocks that were not needed since the last call.</summary>
    internal void TrimIdle()
    {
        lock (_lock)
        {
            // Last-in first-out: the bottom of the stack, as deep as it has ever been since, was not touched.
            for (int index = 0; index < _leastFree; index++)
            {
                Cool(_free[index]);
            }

            _leastFree = _freeCount;
        }
    }

    private void Warm(FuseRequest request)
    {
        _warm += request.IsWarm ? 0 : 1;
        request.IsWarm = true;
    }

    private void Cool(FuseRequest request)
    {
        if (request.IsWarm)
        {
            request.Block.Trim();
            request.IsWarm = false;
            _warm--;
        }
    }

    /// <summary>Frees all memory. No request may be in service.</summary>
    public void Dispose()
    {
        _trimming.Dispose();
        lock (_lock)
        {
            for (int index = 0; index < _created; index++)
            {
                ((IDisposable)_all[index]!.Block).Dispose();
            }

            _created = 0;
            _freeCount = 0;
        }
    }
}
