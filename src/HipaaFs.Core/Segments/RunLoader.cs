using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Segments;

/// <summary>Brings the runs of a move into the cache, several that are neighbours in their segment with one request: each has its price and its round trip.</summary>
/// <remarks>Not thread-safe: belongs to one move.</remarks>
internal sealed class RunLoader
{
    // One request takes so many frames, and one more when they begin within one.
    private const long MostAtOnce = 7L << 20;

    // What lies between two runs is fetched along when a request of its own would cost more.
    private const long MostBetween = 64L << 10;

    private readonly SegmentReader _reader;
    private readonly Func<long, CancellationToken, ValueTask> _pay;
    private readonly Dictionary<SegmentId, List<Stretch>> _stretches = [];

    /// <param name="reader">What reads segments.</param>
    /// <param name="runs">What is going to be copied, by segment and its plaintext offset, none of which overlap.</param>
    /// <param name="pay">Waits until so many bytes may be read.</param>
    internal RunLoader(SegmentReader reader, IEnumerable<SegmentUse> runs, Func<long, CancellationToken, ValueTask> pay)
    {
        _reader = reader;
        _pay = pay;
        foreach (SegmentUse run in runs)
        {
            Add(run.Extent);
        }
    }

    /// <summary>Brings what of the runs lies in a range of a segment, and with it what is read soon. NoSpace: the cache's disk takes nothing.</summary>
    internal async ValueTask<FsError> LoadAsync(SegmentId segment, long plaintextOffset, long length, CancellationToken cancel)
    {
        List<Stretch> stretches = _stretches[segment];
        for (int i = IndexOf(stretches, plaintextOffset); i < stretches.Count && stretches[i].Start < plaintextOffset + length; i++)
        {
            Stretch stretch = stretches[i];
            if (stretch.IsAskedFor)
            {
                continue;
            }

            stretch.IsAskedFor = true; // Once, whatever comes of it.
            await _pay(stretch.End - stretch.Start, cancel);
            FsError error = await _reader.LoadAsync(segment, stretch.Start, stretch.End - stretch.Start, cancel);
            if (error != FsError.None)
            {
                return error;
            }
        }

        return FsError.None;
    }

    private void Add(Extent run)
    {
        if (!_stretches.TryGetValue(run.Segment, out List<Stretch>? stretches))
        {
            _stretches.Add(run.Segment, stretches = []);
        }

        long end = run.PlaintextOffset + run.Length;
        long start = run.PlaintextOffset;
        if (stretches.Count > 0 && stretches[^1] is Stretch last && start - last.End <= MostBetween && start < last.Start + MostAtOnce)
        {
            last.End = Math.Min(end, last.Start + MostAtOnce);
            start = last.End;
        }

        for (; start < end; start += MostAtOnce)
        {
            stretches.Add(new Stretch { Start = start, End = Math.Min(end, start + MostAtOnce) });
        }
    }

    // The first that ends behind an offset.
    private static int IndexOf(List<Stretch> stretches, long offset)
    {
        int low = 0;
        int high = stretches.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (stretches[middle].End <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private sealed class Stretch
    {
        internal long Start { get; init; }

        internal long End { get; set; }

        internal bool IsAskedFor { get; set; }
    }
}
