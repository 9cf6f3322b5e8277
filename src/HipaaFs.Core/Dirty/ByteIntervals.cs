using System.Diagnostics;

namespace HipaaFs.Dirty;

/// <summary>Which bytes of one page hold written data: disjoint, sorted, never touching intervals.</summary>
/// <remarks>Not thread-safe. Nearly always one interval, so a linear scan over a small array is the fast way.</remarks>
internal sealed class ByteIntervals
{
    private (int Start, int End)[] _intervals = new (int, int)[1];
    private int _count;

    /// <summary>The intervals, in order.</summary>
    internal ReadOnlySpan<(int Start, int End)> Items => _intervals.AsSpan(0, _count);

    /// <summary>Whether no byte is held.</summary>
    internal bool IsEmpty => _count == 0;

    /// <summary>Adds a half-open interval, joining those it touches.</summary>
    internal void Add(int start, int end)
    {
        Debug.Assert(start < end, "an interval has bytes");
        int first = 0;
        while (first < _count && _intervals[first].End < start)
        {
            first++;
        }

        int last = first;
        while (last < _count && _intervals[last].Start <= end)
        {
            start = Math.Min(start, _intervals[last].Start);
            end = Math.Max(end, _intervals[last].End);
            last++;
        }

        Replace(first, last, (start, end));
    }

    /// <summary>Removes a half-open interval.</summary>
    internal void Remove(int start, int end)
    {
        for (int i = _count - 1; i >= 0; i--)
        {
            (int heldStart, int heldEnd) = _intervals[i];
            if (heldEnd <= start || heldStart >= end)
            {
                continue;
            }

            Delete(i, i + 1);
            if (heldEnd > end)
            {
                Insert(i, (end, heldEnd));
            }

            if (heldStart < start)
            {
                Insert(i, (heldStart, start));
            }
        }
    }

    private void Replace(int first, int last, (int Start, int End) interval)
    {
        if (first == last)
        {
            Insert(first, interval);
            return;
        }

        _intervals[first] = interval;
        Delete(first + 1, last);
    }

    private void Insert(int at, (int Start, int End) interval)
    {
        if (_count == _intervals.Length)
        {
            Array.Resize(ref _intervals, _count * 2);
        }

        Array.Copy(_intervals, at, _intervals, at + 1, _count - at);
        _intervals[at] = interval;
        _count++;
    }

    private void Delete(int first, int last)
    {
        Array.Copy(_intervals, last, _intervals, first, _count - last);
        _count -= last - first;
    }
}
