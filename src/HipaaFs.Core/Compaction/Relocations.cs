using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Compaction;

/// <summary>Where the bytes of old segments are now: from runs of old segments to runs of new ones.</summary>
internal sealed class Relocations
{
    // As many rows as one transaction changes, roughly: everybody else waits for it.
    private const int RunsAtOnce = 512;

    private readonly Dictionary<SegmentId, SortedList<long, Extent>> _moved = [];

    /// <summary>Notes that a run was copied.</summary>
    /// <param name="from">The run in the old segment.</param>
    /// <param name="copies">The runs in new segments that hold it, in order and without gaps.</param>
    internal void Add(in Extent from, IReadOnlyList<Extent> copies)
    {
        if (!_moved.TryGetValue(from.Segment, out SortedList<long, Extent>? runs))
        {
            _moved.Add(from.Segment, runs = []);
        }

        long plaintextOffset = from.PlaintextOffset;
        foreach (Extent copy in copies)
        {
            runs[plaintextOffset] = copy;
            plaintextOffset += copy.Length;
        }
    }

    /// <summary>Forgets a segment, of which not everything could be copied.</summary>
    internal void Remove(SegmentId segment) => _moved.Remove(segment);

    /// <summary>All of it, in portions of one old segment each, sorted; what went on without a gap is one run.</summary>
    internal IEnumerable<Relocation[]> Portions()
    {
        foreach ((SegmentId segment, SortedList<long, Extent> runs) in _moved.OrderBy(static moved => moved.Key.Value))
        {
            foreach (KeyValuePair<long, Extent>[] some in runs.Chunk(RunsAtOnce))
            {
                yield return Join(segment, some);
            }
        }
    }

    private static Relocation[] Join(SegmentId segment, KeyValuePair<long, Extent>[] runs)
    {
        var joined = new List<Relocation>();
        foreach ((long offset, Extent copy) in runs)
        {
            Relocation last = joined.Count > 0 ? joined[^1] : default;
            if (last.To == copy.Segment && last.FromEnd == offset && last.ToOffset + last.Length == copy.PlaintextOffset)
            {
                joined[^1] = last with { Length = last.Length + copy.Length };
            }
            else
            {
                joined.Add(new Relocation(segment, offset, copy.Length, copy.Segment, copy.PlaintextOffset));
            }
        }

        return [.. joined];
    }

    /// <summary>Appends what an extent should be instead, as far as its bytes were copied. The rest of it stays what it is.</summary>
    internal void Translate(in Extent extent, List<Extent> into)
    {
        if (!_moved.TryGetValue(extent.Segment, out SortedList<long, Extent>? runs))
        {
            return;
        }

        long end = extent.PlaintextOffset + extent.Length;
        for (int i = FirstEndingAfter(runs, extent.PlaintextOffset); i < runs.Count && runs.Keys[i] < end; i++)
        {
            long runStart = runs.Keys[i];
            Extent copy = runs.Values[i];
            long from = Math.Max(runStart, extent.PlaintextOffset);
            long to = Math.Min(runStart + copy.Length, end);
            if (from < to)
            {
                into.Add(new Extent(
                    extent.FileOffset + (from - extent.PlaintextOffset), to - from, copy.Segment, copy.PlaintextOffset + (from - runStart)));
            }
        }
    }

    // Runs of one segment do not overlap.
    private static int FirstEndingAfter(SortedList<long, Extent> runs, long plaintextOffset)
    {
        int low = 0;
        int high = runs.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (runs.Keys[middle] + runs.Values[middle].Length <= plaintextOffset)
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
}
