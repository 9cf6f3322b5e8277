namespace HipaaFs.Fuse;

/// <summary>Decides whether one request thread polls for the next request, or several sleep until it comes.</summary>
/// <remarks>
/// <para>Polling saves a wake-up where reader and caller run on different processors, and wastes time where they share one or where
/// the caller has other things to do. Which it is changes with load and placement, so both ways are timed: now and then one window
/// of messages is served the other way, and the faster way is kept, for longer each time it is confirmed. The first messages after a
/// change are not timed. When the time of a window moves away from what it was at the last trial, the work has changed and the trial comes at once.</para>
/// <para>Polls that find nothing several times in a row end polling at once, so that a quiet mount costs nothing. Messages that come
/// closer together than a poll lasts bring it back.</para>
/// <para>Thread-safe: whoever finds another thread in it goes on without being counted.</para>
/// </remarks>
internal sealed class AdaptivePoll
{
    /// <summary>Messages of one window.</summary>
    internal const int Window = 64;

    /// <summary>Messages after a change of way that are not timed: threads come and go meanwhile.</summary>
    internal const int Settling = 8;

    private const int ShortestHold = 8;
    private const int LongestHold = 64;
    private const int MissesToStop = 8;

    private readonly long _pollTicks;
    private readonly long _longestTurn;
    private volatile bool _polls = true;
    private int _inside;
    private bool _isTrial;
    private bool _stoppedByMisses;
    private int _left = Window;
    private int _hold = ShortestHold;
    private int _windowsHeld;
    private int _misses;
    private long _lastMessage;
    private long _cost;
    private long _heldCost;

    /// <summary>Begins by polling.</summary>
    /// <param name="pollTicks">How long one poll lasts at most, in ticks of the clock that <see cref="Next"/> is given.</param>
    internal AdaptivePoll(long pollTicks)
    {
        _pollTicks = pollTicks;

        // A caller that stalls, or a disk that does, says nothing about polling.
        _longestTurn = 4 * pollTicks;
    }

    /// <summary>Whether to poll for the next message.</summary>
    internal bool Polls => _polls;

    /// <summary>Counts one message and tells whether to poll for the next.</summary>
    /// <param name="now">The time, in ticks.</param>
    internal bool Next(long now)
    {
        if (TryEnter())
        {
            if (_left <= Window)
            {
                _cost += Math.Min(now - _lastMessage, _longestTurn);
            }

            _lastMessage = now;
            _left--;
            if (_left == 0)
            {
                EndWindow();
            }

            Leave();
        }

        return _polls;
    }

    /// <summary>A poll found a message.</summary>
    internal void Found()
    {
        _misses = 0;
    }

    /// <summary>A poll found nothing.</summary>
    internal void Missed()
    {
        _misses++;
        if (_misses >= MissesToStop && TryEnter())
        {
            Stop();
            _stoppedByMisses = true;
            Leave();
        }
    }

    /// <summary>Another thread had the processor in the middle of a poll: whoever polls then uses up the share that it needs to answer.</summary>
    internal void Disturbed()
    {
        if (TryEnter())
        {
            Stop();
            _stoppedByMisses = false;
            Leave();
        }
    }

    private bool TryEnter() => Interlocked.Exchange(ref _inside, 1) == 0;

    private void Leave() => Volatile.Write(ref _inside, 0);

    private void Stop()
    {
        _hold = _isTrial ? Math.Min(_hold * 2, LongestHold) : ShortestHold;
        _polls = false;
        _isTrial = false;
        _heldCost = 0;
        _windowsHeld = 0;
        StartWindow();
        Settle();
    }

    private void EndWindow()
    {
        long cost = _cost;
        StartWindow();
        if (_isTrial)
        {
            Judge(cost);
            return;
        }

        _windowsHeld++;
        if (_windowsHeld >= _hold || HasChanged(cost))
        {
            _heldCost = cost;
            _isTrial = true;
            _stoppedByMisses = false;
            _polls = !_polls;
            Settle();
        }
    }

    private void Judge(long cost)
    {
        bool wins = cost < _heldCost;
        _isTrial = false;
        _windowsHeld = 0;
        _hold = wins ? ShortestHold : Math.Min(_hold * 2, LongestHold);
        _heldCost = wins ? cost : _heldCost;
        if (!wins)
        {
            _polls = !_polls;
            Settle();
        }
    }

    private bool HasChanged(long cost)
    {
        if (_stoppedByMisses)
        {
            return cost < Window * _pollTicks;
        }

        bool moved = cost > _heldCost + (_heldCost / 2) || cost < _heldCost - (_heldCost / 3);
        if (moved && _heldCost != 0 && _windowsHeld >= ShortestHold)
        {
            _hold = ShortestHold;
            return true;
        }

        return false;
    }

    private void Settle()
    {
        _left = Window + Settling;
    }

    private void StartWindow()
    {
        _left = Window;
        _cost = 0;
        _misses = 0;
    }
}
