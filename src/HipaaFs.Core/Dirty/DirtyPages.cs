using System.Diagnostics;

namespace HipaaFs.Dirty;

/// <summary>The dirty pages of one file, by page number.</summary>
/// <remarks>Not thread-safe: guarded by the file's lock. Owns its buffers until <see cref="Clear"/>.</remarks>
internal sealed class DirtyPages
{
    private readonly PagePool _pool;
    private readonly SortedDictionary<long, DirtyPage> _pages = [];

    internal DirtyPages(PagePool pool) => _pool = pool;

    /// <summary>Pages held.</summary>
    internal int Count => _pages.Count;

    /// <summary>The pages in file order, by page number.</summary>
    internal SortedDictionary<long, DirtyPage> Items => _pages;

    /// <summary>Bytes held in memory.</summary>
    internal long Bytes => (long)_pages.Count * PagePool.PageSize;

    /// <summary>Takes over bytes written at an offset. Returns how many; less than all when the pool is empty.</summary>
    internal int Write(long offset, ReadOnlySpan<byte> content)
    {
        int done = 0;
        while (done < content.Length)
        {
            long number = (offset + done) / PagePool.PageSize;
            int start = (int)((offset + done) % PagePool.PageSize);
            int length = Math.Min(PagePool.PageSize - start, content.Length - done);
            DirtyPage? page = GetOrAdd(number);
            if (page is null)
            {
                return done;
            }

            content.Slice(done, length).CopyTo(page.Buffer.Span[start..]);
            page.Held.Add(start, start + length);
            done += length;
        }

        return done;
    }

    /// <summary>Copies what is held of a range into <paramref name="destination"/> and takes it out of <paramref name="missing"/>.</summary>
    internal void Read(long offset, Span<byte> destination, MissingRanges missing)
    {
        long end = offset + destination.Length;
        long first = offset / PagePool.PageSize;
        long last = (end - 1) / PagePool.PageSize;
        for (long number = first; number <= last; number++)
        {
            if (!_pages.TryGetValue(number, out DirtyPage? page))
            {
                continue;
            }

            long pageStart = number * PagePool.PageSize;
            foreach ((int heldStart, int heldEnd) in page.Held.Items)
            {
                long from = Math.Max(pageStart + heldStart, offset);
                long to = Math.Min(pageStart + heldEnd, end);
                if (from < to)
                {
                    page.Buffer.Span[(int)(from - pageStart)..(int)(to - pageStart)].CopyTo(destination[(int)(from - offset)..]);
                    missing.Remove(from, to);
                }
            }
        }
    }

    /// <summary>Forgets written bytes of a half-open range.</summary>
    internal void Discard(long start, long end)
    {
        List<long>? emptied = null;
        foreach ((long number, DirtyPage page) in _pages)
        {
            long pageStart = number * PagePool.PageSize;
            long from = Math.Max(start - pageStart, 0);
            long to = Math.Min(end - pageStart, PagePool.PageSize);
            if (from >= to)
            {
                continue;
            }

            page.Held.Remove((int)from, (int)to);
            if (page.Held.IsEmpty)
            {
                (emptied ??= []).Add(number);
            }
        }

        foreach (long number in emptied ?? [])
        {
            _pages.Remove(number, out DirtyPage? page);
            _pool.Return(page!.Buffer);
        }
    }

    /// <summary>Moves every page to <paramref name="target"/>, which must be empty.</summary>
    internal void MoveTo(DirtyPages target)
    {
        Debug.Assert(target.Count == 0, "a pass has one set of pages");
        foreach ((long number, DirtyPage page) in _pages)
        {
            target._pages.Add(number, page);
        }

        _pages.Clear();
    }

    /// <summary>
    /// Moves every page but the last one when that is not full, since a sequential writer is about to fill it.
    /// Returns the file offset of the first byte that stayed, or -1.
    /// </summary>
    internal long MoveAllButPartialEnd(DirtyPages target)
    {
        KeyValuePair<long, DirtyPage> last = default;
        foreach (KeyValuePair<long, DirtyPage> item in _pages)
        {
            last = item;
        }

        MoveTo(target);
        if (last.Value is null || last.Value.IsFull)
        {
            return -1;
        }

        target._pages.Remove(last.Key);
        _pages.Add(last.Key, last.Value);
        return (last.Key * PagePool.PageSize) + last.Value.Held.Items[0].Start;
    }

    /// <summary>Puts older pages back below the bytes written since.</summary>
    internal void TakeBack(DirtyPages older)
    {
        foreach ((long number, DirtyPage old) in older._pages)
        {
            if (!_pages.TryGetValue(number, out DirtyPage? newer))
            {
                _pages.Add(number, old);
                continue;
            }

            foreach ((int start, int end) in newer.Held.Items)
            {
                newer.Buffer.Span[start..end].CopyTo(old.Buffer.Span[start..]);
                old.Held.Add(start, end);
            }

            _pages[number] = old;
            _pool.Return(newer.Buffer);
        }

        older._pages.Clear();
    }

    /// <summary>Gives all memory back.</summary>
    internal void Clear()
    {
        foreach (DirtyPage page in _pages.Values)
        {
            _pool.Return(page.Buffer);
        }

        _pages.Clear();
    }

    /// <summary>The first offset at or after <paramref name="offset"/> that is held, or -1.</summary>
    internal long NextHeld(long offset)
    {
        foreach ((long number, DirtyPage page) in _pages)
        {
            long pageStart = number * PagePool.PageSize;
            foreach ((int start, int end) in page.Held.Items)
            {
                if (pageStart + end > offset)
                {
                    return Math.Max(pageStart + start, offset);
                }
            }
        }

        return -1;
    }

    private DirtyPage? GetOrAdd(long number)
    {
        if (_pages.TryGetValue(number, out DirtyPage? page))
        {
            return page;
        }

        PageBuffer? buffer = _pool.TryRent();
        if (buffer is null)
        {
            return null;
        }

        page = new DirtyPage(buffer, new ByteIntervals());
        _pages.Add(number, page);
        return page;
    }
}
