using System.Diagnostics.CodeAnalysis;
using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;

namespace HipaaFs.Staging;

/// <summary>Decides which segment a run goes to: small files share one of their key domain and placement, a large file has its own.</summary>
/// <remarks>Not thread-safe: belongs to the writeback loop. Bounded: a few segments are open at a time.</remarks>
internal sealed class SegmentPlan : IDisposable
{
    /// <summary>Bytes written to a file from which on it is large.</summary>
    internal const long LargeFile = 4L << 20;

    // A file that nobody has open any more gets no more data soon: no waiting then for more, if what there is makes a request worth its price.
    private const long LeastOfClosed = 16L << 20;

    private const int MaxOwn = 16;

    // A segment is closed when it gets no more data, or after a while in any case, so that the recovery point moves on.
    private static readonly TimeSpan IdleAge = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan FullAge = TimeSpan.FromSeconds(15);

    private readonly SegmentWriters _writers;
    private readonly TimeProvider _time;
    private readonly Dictionary<(DomainId Domain, uint Placement), OpenSegment> _shared = [];
    private readonly Dictionary<(InodeId File, uint Placement), OpenSegment> _own = [];
    private readonly List<OpenSegment> _full = [];
    private readonly HashSet<OpenSegment> _touched = [];

    internal SegmentPlan(SegmentWriters writers, TimeProvider time)
    {
        _writers = writers;
        _time = time;
    }

    /// <summary>The segments that took runs in this pass.</summary>
    internal HashSet<OpenSegment> Touched => _touched;

    /// <summary>The segment for the next run of a file.</summary>
    /// <exception cref="IOException">A new one cannot be made.</exception>
    internal OpenSegment For(FileState file)
    {
        uint placement = file.Placement;
        bool own = _own.ContainsKey((file.Id, placement)) || (file.BytesWritten >= LargeFile && _own.Count < MaxOwn);
        OpenSegment segment = own
            ? Take(_own, (file.Id, placement), file.Domain, placement)
            : Take(_shared, (file.Domain, placement), file.Domain, placement);
        segment.Owner = own ? file : null;
        segment.LastUse = _time.GetTimestamp();
        _touched.Add(segment);
        return segment;
    }

    /// <summary>Puts a full segment aside, to be finished after the pass.</summary>
    internal void SetFull(OpenSegment segment)
    {
        Remove(_own, segment);
        Remove(_shared, segment);
        _full.Add(segment);
    }

    /// <summary>Forgets the segments of this pass that the disk failed. What earlier passes put into them is repacked.</summary>
    internal void AbandonTouched()
    {
        foreach (OpenSegment segment in _touched)
        {
            Forget(segment);
            _writers.GiveUp(segment);
        }

        _touched.Clear();
    }

    /// <summary>Takes out a segment that is to be finished now.</summary>
    internal bool TryTakeRipe(bool all, [NotNullWhen(true)] out OpenSegment? ripe)
    {
        long now = _time.GetTimestamp();
        ripe = _full.Count > 0 ? _full[^1] : FindRipe(_own, all, now) ?? FindRipe(_shared, all, now);
        if (ripe is null)
        {
            return false;
        }

        Forget(ripe);
        return true;
    }

    /// <summary>Closes the files of what is still open.</summary>
    public void Dispose()
    {
        foreach (OpenSegment segment in new List<OpenSegment>([.. _shared.Values, .. _own.Values, .. _full]))
        {
            segment.Writer.Dispose();
        }
    }

    private OpenSegment Take<TKey>(Dictionary<TKey, OpenSegment> open, TKey key, DomainId domain, uint placement)
        where TKey : struct
    {
        if (!open.TryGetValue(key, out OpenSegment? segment))
        {
            segment = new OpenSegment(_writers.Begin(domain, placement, RecordClass.Data), _time.GetTimestamp());
            open.Add(key, segment);
        }

        return segment;
    }

    private OpenSegment? FindRipe<TKey>(Dictionary<TKey, OpenSegment> open, bool all, long now)
        where TKey : struct
    {
        foreach (OpenSegment segment in open.Values)
        {
            if (all
                || segment.Writer.IsFull
                || IsOfClosed(segment)
                || _time.GetElapsedTime(segment.LastUse, now) >= IdleAge
                || _time.GetElapsedTime(segment.Begun, now) >= FullAge)
            {
                return segment;
            }
        }

        return null;
    }

    private static bool IsOfClosed(OpenSegment segment)
    {
        if (segment.Owner is not { } file || segment.Writer.PlaintextLength < LeastOfClosed)
        {
            return false;
        }

        lock (file.Gate)
        {
            return file.Handles == 0 && !file.HasUnapplied;
        }
    }

    private void Forget(OpenSegment segment)
    {
        _full.Remove(segment);
        Remove(_own, segment);
        Remove(_shared, segment);
    }

    private static void Remove<TKey>(Dictionary<TKey, OpenSegment> open, OpenSegment segment)
        where TKey : struct
    {
        foreach ((TKey key, OpenSegment held) in open)
        {
            if (held == segment)
            {
                open.Remove(key);
                return;
            }
        }
    }
}
