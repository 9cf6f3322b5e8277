namespace HipaaFs.ReadAhead;

/// <summary>The sequential streams of one handle, and how far ahead of each to read.</summary>
/// <remarks>
/// <para>Several streams are followed at once (a merge reads many runs through one handle), each with a window that begins a little above the kernel's own
/// read-ahead and doubles each time that the reader has come as far as it is wide. A reader that jumps about never matches a stream twice and gets no read-ahead at all.</para>
/// <para>Not thread-safe: the caller locks. Concurrent reads of one stream arrive out of order, hence the tolerance.</para>
/// </remarks>
internal sealed class ReadStreams
{
    /// <summary>First window: the kernel's 1 MiB request and what it asks for next.</summary>
    internal const long FirstWindow = (1L << 20) + (128L << 10);

    /// <summary>Largest window, where the cache is not too small for it.</summary>
    internal const long MaxWindow = 64L << 20;

    /// <summary>A window wider than this is that of a reader who has come far in sequence, and a stretch to load of this length or more is his. Such a reader's window is refilled each time that so much
    /// of it is used up: the store then always has requests to answer, instead of half a window at once and nothing until that has come.</summary>
    internal const long EstablishedStretch = 8L << 20;

    private const int MaxStreams = 4;

    // A read that finds nothing at hand is observed when that is tried and again when it is waited for, others in between.
    private const int Remembered = 8;

    // Reads of one stream that are under way together arrive in any order; how far apart says their own length. Readers that jump further are not in sequence.
    private const int ReadsUnderWay = 2;

    private readonly long _maxWindow;
    private readonly Stream[] _streams = new Stream[MaxStreams];
    private readonly long[] _lastOffsets = new long[Remembered];
    private int _nextOffset;
    private int _count;
    private long _clock;

    /// <param name="maxWindow">Largest window, in bytes.</param>
    internal ReadStreams(long maxWindow)
    {
        _maxWindow = maxWindow;
        Array.Fill(_lastOffsets, -1);
    }

    /// <summary>Whether the read observed last is one of a reader who has come far in sequence.</summary>
    internal bool IsEstablished { get; private set; }

    /// <summary>Notes a read and says which half-open range should be loaded now; an empty one when none. One that was noted a moment ago is not noted again.</summary>
    internal (long Start, long End) Observe(long offset, long length)
    {
        long end = offset + length;
        int at = Match(offset, ReadsUnderWay * length);
        IsEstablished = at >= 0 && _streams[at].Window > EstablishedStretch;
        if (Array.IndexOf(_lastOffsets, offset) >= 0)
        {
            return default;
        }

        _lastOffsets[_nextOffset++ % Remembered] = offset;
        if (at < 0)
        {
            Start(offset, end);
            return default;
        }

        ref Stream stream = ref _streams[at];
        stream.LastUse = ++_clock;
        stream.Next = Math.Max(stream.Next, end);

        // By what was read and not by how often: a region of a few hundred KiB is worth no more than that.
        bool isUsedUp = stream.Next - stream.First >= stream.Window;
        stream.Window = stream.Window == 0 ? FirstWindow : isUsedUp ? Math.Min(stream.Window * 2, _maxWindow) : stream.Window;

        // The next stretch is asked for when half of the last one is used up, or a whole request's worth of it.
        long left = stream.Ahead - stream.Next;
        bool isFull = stream.IsHalted ? left >= 0 : left > stream.Window - Math.Min(stream.Window / 2, EstablishedStretch);
        if (isFull)
        {
            return default;
        }

        long wantedEnd = Math.Max(stream.Ahead, stream.Next + stream.Window);
        long start = Math.Max(stream.Ahead, stream.Next);
        stream.IsHalted = false;
        stream.Ahead = wantedEnd;
        return (start, wantedEnd);
    }

    /// <summary>
    /// Notes that of a stretch that <see cref="Observe"/> named, up to an end, only what lies before an offset was asked for. Until <see cref="Resume"/> nothing more is named for
    /// that stream, unless its reader comes that far.
    /// </summary>
    internal void Halt(long reached, long end)
    {
        for (int i = 0; i < _count; i++)
        {
            ref Stream stream = ref _streams[i];
            if (stream.Ahead >= end && stream.Next < end)
            {
                stream.Ahead = reached;
                stream.IsHalted = true;
                stream.HaltedAt = _clock;
                return;
            }
        }
    }

    /// <summary>Notes that of a stretch that <see cref="Observe"/> named, up to an end, only what lies before an offset could be looked up: the stream's next read names the rest again.</summary>
    internal void TakeBack(long reached, long end)
    {
        for (int i = 0; i < _count; i++)
        {
            ref Stream stream = ref _streams[i];
            if (stream.Ahead >= end && stream.Next < end)
            {
                stream.Ahead = reached;
                return;
            }
        }
    }

    /// <summary>
    /// Goes on with the stream that was halted at an offset, and says which half-open range should be loaded now; an empty one when it is there no more, or when its reader seems
    /// to have gone elsewhere, since another stream was read and this one was not.
    /// </summary>
    internal (long Start, long End) Resume(long reached)
    {
        for (int i = 0; i < _count; i++)
        {
            ref Stream stream = ref _streams[i];
            if (stream.IsHalted && stream.Ahead == reached)
            {
                stream.IsHalted = false;
                if (stream.LastUse <= stream.HaltedAt && stream.LastUse < _clock)
                {
                    return default;
                }

                long start = Math.Max(reached, stream.Next);
                if (start >= stream.Next + stream.Window)
                {
                    return default; // He has not come so far yet; his next read goes on.
                }

                // Of a reader who has come far at least a whole request.
                long least = stream.Window > EstablishedStretch ? EstablishedStretch : 0;
                stream.Ahead = Math.Max(stream.Next + stream.Window, start + least);
                return (start, stream.Ahead);
            }
        }

        return default;
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
        internal bool IsHalted;
        internal long HaltedAt;
    }
}
