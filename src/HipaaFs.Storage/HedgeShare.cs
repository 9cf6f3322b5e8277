namespace HipaaFs.Storage;

/// <summary>Holds the second requests to a share of the reads, and to a number at a time. Thread-safe; takes no lock.</summary>
internal sealed class HedgeShare
{
    private const long Whole = 1_000_000;
    private const long MostSaved = 8 * Whole; // What many prompt reads earn is not spent on one bad moment.

    private readonly long _perRead;
    private readonly int _mostAtOnce;
    private long _credit;
    private int _underWay;

    internal HedgeShare(double share, int mostAtOnce)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        _perRead = (long)(share * Whole);
        _mostAtOnce = mostAtOnce;
    }

    /// <summary>A read began.</summary>
    internal void Earn()
    {
        if (Volatile.Read(ref _credit) < MostSaved)
        {
            Interlocked.Add(ref _credit, _perRead);
        }
    }

    /// <summary>Asks for a second request; who gets it gives it back by <see cref="GiveBack"/> when it has ended.</summary>
    internal bool TryTake()
    {
        if (Interlocked.Increment(ref _underWay) <= _mostAtOnce)
        {
            if (Interlocked.Add(ref _credit, -Whole) >= 0)
            {
                return true;
            }

            Interlocked.Add(ref _credit, Whole);
        }

        Interlocked.Decrement(ref _underWay);
        return false;
    }

    /// <summary>A second request has ended.</summary>
    internal void GiveBack() => Interlocked.Decrement(ref _underWay);
}
