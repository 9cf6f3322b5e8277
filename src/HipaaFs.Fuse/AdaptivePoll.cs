namespace HipaaFs.Fuse;

/// <summary>Decides whether a lone request thread polls for the next request before it sleeps.</summary>
/// <remarks>
/// <para>Polling saves two wake-ups where reader and caller run on different processors, and wastes time where they share one or where
/// the caller has other things to do. Which it is changes with load and placement, so both ways are timed: now and then one window
/// of messages is served the other way, and the faster way is kept, for longer each time it is confirmed. When the time of a window
/// moves away from what it was at the last trial, the work has changed and the trial comes at once.</para>
/// <para>Polls that find nothing several times in a row end polling at once, so that a quiet mount costs nothing. Messages that come
/// closer together than a poll lasts bring it back.</para>
/// <para>Not thread-safe: the lone reader uses it.</para>
/// </remarks>
internal sealed class AdaptivePoll
{
    /// <summary>Messages of one window.</summary>
    internal const int Window = 64;

    private const int ShortestHold = 8;
    private const int LongestHold = 64;
    private const int MissesToStop = 8;

    private readonly long _pollTicks;
    private readonly long _longestTurn;
    private bool _polls = true;
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

    /// <summary>Counts one message and tells whether to poll for the next.</summary>
    /// <param name="now">The time, in ticks.</param>
    internal bool Next(long now)
    {
        _cost += Math.Min(now - _lastMessage, _longestTurn);
        _lastMessage = now;
        _left--;
        if (_left == 0)
        {
            EndWindow();
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
        if (_misses < MissesToStop)
        {
            return;
        }

        Stop();
        _stoppedByMisses = true;
    }

    /// <summary>Another thread had the processor in the middle of a poll: whoever polls then uses up the share that it needs to answer.</summary>
    internal void Disturbed()
    {
        Stop();
        _stoppedByMisses = false;
    }

    private void Stop()
    {
        _hold = _isTrial ? Math.Min(_hold * 2, LongestHold) : ShortestHold;
        _polls = false;
        _isTrial = false;
        _heldCost = 0;
        _windowsHeld = 0;
        StartWindow();
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
        }
    }

    private void Judge(long cost)
    {
        bool wins = cost < _heldCost;
        _isTrial = false;
        _windowsHeld = 0;
        _hold = wins ? ShortestHold : Math.Min(_hold * 2, LongestHold);
        _polls = wins ? _polls : !_polls;
        _heldCost = wins ? cost : _heldCost;
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

    private void StartWindow()
    {
        _left = Window;
        _cost = 0;
        _misses = 0;
    }
}
