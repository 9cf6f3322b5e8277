namespace HipaaFs.Handles;

/// <summary>Which bytes of a file the kernel has handed over, was refused, and has forgotten.</summary>
/// <remarks>
/// <para>
/// A program's write(2) ended well when its bytes came into the page cache. If they are refused when the kernel hands them over, it drops them and tells
/// the first fsync(2) of each descriptor; the next would succeed over a file with a hole. So they stay lost until somebody writes them again or cuts them off.
/// </para>
/// <para>Not thread-safe. Of many scattered ranges it keeps what spans them: rather a file that stays refused than one that is whole by mistake.</para>
/// </remarks>
internal sealed class LostWrites
{
    private const int MaxRanges = 4096;

    private readonly List<(long Start, long End)> _ranges = [];
    private FsError _error;

    /// <summary>Why bytes were lost last; <see cref="FsError.None"/> when none are.</summary>
    internal FsError Error => _ranges.Count > 0 ? _error : FsError.None;

    /// <summary>Where the last of them ends; 0 without any.</summary>
    internal long End
    {
        get
        {
            long end = 0;
            foreach ((_, long heldEnd) in _ranges)
            {
                end = Math.Max(end, heldEnd);
            }

            return end;
        }
    }

    /// <summary>Whether bytes of a half-open range are lost.</summary>
    internal bool Touches(long start, long end)
    {
        foreach ((long heldStart, long heldEnd) in _ranges)
        {
            if (heldStart < end && heldEnd > start)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Notes a half-open range that was refused.</summary>
    internal void Add(long start, long end, FsError error)
    {
        _error = error;
        for (int i = _ranges.Count - 1; i >= 0; i--)
        {
            if (_ranges[i].Start <= end && _ranges[i].End >= start)
            {
                start = Math.Min(start, _ranges[i].Start);
                end = Math.Max(end, _ranges[i].End);
                _ranges.RemoveAt(i);
            }
        }

        if (_ranges.Count >= MaxRanges)
        {
            int nearest = FindNearest(start, end);
            start = Math.Min(start, _ranges[nearest].Start);
            end = Math.Max(end, _ranges[nearest].End);
            _ranges.RemoveAt(nearest);
        }

        _ranges.Add((start, end));
    }

    /// <summary>Forgets a half-open range: it was written again, or is no longer part of the file.</summary>
    internal void Remove(long start, long end)
    {
        for (int i = _ranges.Count - 1; i >= 0; i--)
        {
            (long heldStart, long heldEnd) = _ranges[i];
            bool splits = heldStart < start && heldEnd > end;
            if (heldEnd <= start || heldStart >= end || (splits && _ranges.Count >= 2 * MaxRanges))
            {
                continue;
            }

            _ranges.RemoveAt(i);
            if (heldStart < start)
            {
                _ranges.Add((heldStart, start));
            }

            if (heldEnd > end)
            {
                _ranges.Add((end, heldEnd));
            }
        }
    }

    private int FindNearest(long start, long end)
    {
        int nearest = 0;
        long least = long.MaxValue;
        for (int i = 0; i < _ranges.Count; i++)
        {
            long gap = _ranges[i].Start >= end ? _ranges[i].Start - end : start - _ranges[i].End;
            if (gap < least)
            {
                (nearest, least) = (i, gap);
            }
        }

        return nearest;
    }
}
