namespace HipaaFs.Dirty;

/// <summary>The parts of a read that memory could not answer. Sorted and disjoint.</summary>
internal sealed class MissingRanges
{
    private readonly List<(long Start, long End)> _ranges = [];

    internal MissingRanges(long start, long end)
    {
        if (start < end)
        {
            _ranges.Add((start, end));
        }
    }

    /// <summary>The ranges, half-open, in file offsets.</summary>
    internal List<(long Start, long End)> Items => _ranges;

    /// <summary>Takes a half-open range out.</summary>
    internal void Remove(long start, long end)
    {
        for (int i = _ranges.Count - 1; i >= 0; i--)
        {
            (long from, long to) = _ranges[i];
            if (to <= start || from >= end)
            {
                continue;
            }

            _ranges.RemoveAt(i);
            if (to > end)
            {
                _ranges.Insert(i, (end, to));
            }

            if (from < start)
            {
                _ranges.Insert(i, (from, start));
            }
        }
    }
}
