namespace HipaaFs.ReadAhead;

/// <summary>The sequential streams of one handle, and how far ahead of each to read.</summary>
/// <remarks>
/// <para>Several streams are followed at once (a merge reads many runs through one handle), each with a window that begins a little above the kernel's own
/// read-ahead and doubles as long as the reader keeps coming. A reader that jumps about never matches a stream twice and gets no read-ahead at all.</para>
/// <para>Not thread-safe: the caller locks. Concurrent reads of one stream arrive out of order, hence the tolerance.</para>
/// </remarks>
internal sealed class ReadStreams
{
    /// <summary>First window: the kernel's 1 MiB request and what it asks for next.</summary>
    internal const long FirstWindow = (1L << 20) + (128L << 10);

    /// <summary>Largest window.</summary>
    internal const long MaxWindow = 32L << 20;

    /// <summary>A stretch to load of this length or more is one of a reader who has come far in sequence.</summary>
    internal const long EstablishedStretch = 8L << 20;

    private const int MaxStreams = 4;

    // Reads of one stream that are under way together arrive in any order; how far apart says their own length. Readers that jump further are not in sequence.
    private const int ReadsUnderWay = 2;

    private readonly Stream[] _streams = new Stream[MaxStreams];
    private int _count;
    private long _clock;

    /// <summary>Notes a read and says which half-open range should be loaded now; an empty one when none.</summary>
    internal (long Start, long End) Observe(long offset, long length)
    {
        long end = offset + length;
        int at = Match(offset, ReadsUnderWay * length);
        if (at < 0)
        {
            Start(offset, end);
            return default;
        }

        ref Stream stream = ref _streams[at];
        stream.LastUse = ++_clock;
        stream.Next = Math.Max(stream.Next, end);
        stream.Window = stream.Window == 0 ? FirstWindow : stream.Window;

        // The next stretch is asked for when half of the last one is used up.
        long wantedEnd = stream.Next + stream.Window;
        if (stream.Ahead - stream.Next > stream.Window / 2)
        {
            return default;
        }

        long start = Math.Max(stream.Ahead, stream.Next);
        stream.Ahead = wantedEnd;
        stream.Window = Math.Min(stream.Window * 2, MaxWindow);
        return (start, wantedEnd);
    }

    private int Match(long offset, long tolerance)
    {
        for (int i = 0; i < _count; i++)
        {
            long next = _streams[i].Next;
            if (offset >= next - tolerance && offset <= next + tolerance && offset != _streams[i].First)
            {
                return i;
            }
        }

        return -1;
    }

    private void Start(long offset, long end)
    {
        int at = _count;
        if (_count < MaxStreams)
        {
            _count++;
        }
        else
        {
            at = 0;
            for (int i = 1; i < MaxStreams; i++)
            {
                if (_streams[i].LastUse < _streams[at].LastUse)
                {
                    at = i;
                }
            }
        }

        _streams[at] = new Stream { First = offset, Next = end, Ahead = end, LastUse = ++_clock };
    }

    private struct Stream
    {
        internal long First;
        internal long Next;
        internal long Ahead;
        internal long Window;
        internal long LastUse;
    }
}
