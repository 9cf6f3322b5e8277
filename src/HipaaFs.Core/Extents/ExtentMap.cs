using HipaaFs.Metadata;

namespace HipaaFs.Extents;

/// <summary>The extents of one open file that are in memory: a few windows of the file, each loaded with one metadata call.</summary>
/// <remarks>Not thread-safe: guarded by the file's lock. Bounded: at most <see cref="MaxWindows"/> windows of <see cref="WindowExtents"/> extents.</remarks>
internal sealed class ExtentMap
{
    /// <summary>Extents asked for at once.</summary>
    internal const int WindowExtents = 1024;

    private const int MaxWindows = 8;

    /// <summary>Windows begin at multiples of this, so that a reader going backwards does not load one for every read.</summary>
    private const long Alignment = 1L << 20;

    private readonly List<Window> _windows = [];

    /// <summary>Where a window that covers <paramref name="offset"/> should begin.</summary>
    internal static long WindowStart(long offset) => offset / Alignment * Alignment;

    /// <summary>Whether what a metadata call returned says what is at an offset at or after where it began.</summary>
    internal static bool Covers(ExtentPage page, long offset) => !page.More || EndOf(page.Extents) > offset;

    /// <summary>Looks an offset up. Returns false when its window is not in memory.</summary>
    internal bool TryFind(long offset, out ExtentHit hit)
    {
        for (int i = 0; i < _windows.Count; i++)
        {
            Window window = _windows[i];
            if (offset < window.Start || offset >= window.End)
            {
                continue;
            }

            if (i > 0)
            {
                _windows.RemoveAt(i);
                _windows.Insert(0, window);
            }

            hit = window.Find(offset);
            return true;
        }

        hit = default;
        return false;
    }

    /// <summary>Keeps what a metadata call for [<paramref name="start"/>, end of file) returned.</summary>
    internal void Add(long start, IReadOnlyList<Extent> extents, bool more)
    {
        long end = more ? EndOf(extents) : long.MaxValue;

        if (_windows.Count == MaxWindows)
        {
            _windows.RemoveAt(MaxWindows - 1);
        }

        var items = new Extent[extents.Count];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = extents[i];
        }

        _windows.Insert(0, new Window(start, end, items));
    }

    /// <summary>Forgets every window that overlaps a half-open range, since its extents have changed.</summary>
    internal void Invalidate(long start, long end)
    {
        for (int i = _windows.Count - 1; i >= 0; i--)
        {
            if (_windows[i].Start < end && _windows[i].End > start)
            {
                _windows.RemoveAt(i);
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    internal void Clear() => _windows.Clear();

    private static long EndOf(IReadOnlyList<Extent> extents) => extents[^1].FileOffset + extents[^1].Length;

    private sealed record Window(long Start, long End, Extent[] Extents)
    {
        internal ExtentHit Find(long offset)
        {
            int low = 0;
            int high = Extents.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (Extents[middle].FileOffset + Extents[middle].Length <= offset)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            if (low == Extents.Length)
            {
                return new ExtentHit(default, IsHole: true, End);
            }

            Extent extent = Extents[low];
            return extent.FileOffset <= offset
                ? new ExtentHit(extent, IsHole: false, extent.FileOffset + extent.Length)
                : new ExtentHit(default, IsHole: true, extent.FileOffset);
        }
    }
}
