using System.Diagnostics;

namespace HipaaFs.Fuse;

/// <summary>Decides whether a lone request thread polls for the next request before it sleeps.</summary>
/// <remarks>
/// <para>Polling saves two wake-ups where reader and caller run on different processors, and wastes time where they share one or where
/// the caller has other things to do. Which it is changes with load and placement, so both ways are timed: now and then one window
/// of messages is served the other way, and the faster way is kept, for longer each time it is confirmed.</para>
/// <para>Polls that find nothing several times in a row end polling at once, so that a quiet mount costs nothing.</para>
/// <para>Not thread-safe: the lone reader uses it.</para>
/// </remarks>
internal sealed class AdaptivePoll
{
    private const int Window = 128;
    private const int ShortestHold = 8;
    private const int LongestHold = 128;
    private const int MissesToStop = 8;

    private bool _polls = true;
    private bool _isTrial;
    private int _left = Window;
    private int _hold = ShortestHold;
    private int _windowsToTrial = ShortestHold;
    private int _misses;
    private long _windowStart;
    private long _heldCost;

    /// <summary>Counts one message and tells whether to poll for it.</summary>
    internal bool Next()
    {
        _left--;
        if (_left == 0)
        {
            EndWindow(Stopwatch.GetTimestamp());
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

        _misses = 0;
        bool wasHeld = !_isTrial;
        _polls = false;
        _isTrial = false;
        _left = Window;
        _hold = wasHeld ? ShortestHold : Math.Min(_hold * 2, LongestHold);
        _windowsToTrial = _hold;
    }

    /// <summary>Ends a window at a <see cref="Stopwatch"/> time.</summary>
    internal void EndWindow(long now)
    {
        long cost = now - _windowStart;
        _windowStart = now;
        _left = Window;
        if (_isTrial)
        {
            _isTrial = false;
            bool trialWins = cost < _heldCost;
            _hold = trialWins ? ShortestHold : Math.Min(_hold * 2, LongestHold);
            _polls = trialWins ? _polls : !_polls;
            _windowsToTrial = _hold;
            return;
        }

        _windowsToTrial--;
        if (_windowsToTrial <= 0)
        {
            _heldCost = cost;
            _isTrial = true;
            _polls = !_polls;
        }
    }
}
