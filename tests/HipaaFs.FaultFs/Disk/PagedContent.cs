namespace HipaaFs.FaultFs.Disk;

/// <summary>The bytes of a file: a length and the pages that are not all zeros.</summary>
/// <remarks>Pages are never changed, only replaced, so that a copy shares them. Not thread-safe.</remarks>
public sealed class PagedContent
{
    private const int PageSize = 4096;

    private readonly Dictionary<long, byte[]> _pages;

    /// <summary>An empty file.</summary>
    public PagedContent()
        : this([], 0)
    {
    }

    private PagedContent(Dictionary<long, byte[]> pages, long length)
    {
        _pages = pages;
        Length = length;
    }

    /// <summary>Size of the file.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes that take room.</summary>
    public long Allocated => (long)_pages.Count * PageSize;

    /// <summary>The pages that hold something, by their offset, cut at the end of the file.</summary>
    public IEnumerable<(long Offset, ReadOnlyMemory<byte> Data)> Pages =>
        _pages.OrderBy(page => page.Key)
            .Select(page => (page.Key * PageSize, (ReadOnlyMemory<byte>)page.Value.AsMemory(0, (int)Math.Min(PageSize, Length - (page.Key * PageSize)))));

    /// <summary>A copy that changes on its own.</summary>
    public PagedContent Copy() => new(new Dictionary<long, byte[]>(_pages), Length);

    /// <summary>Reads into the whole of <paramref name="destination"/>; what lies past the end is zero.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        destination.Clear();
        while (!destination.IsEmpty)
        {
            (long page, int start) = Math.DivRem(offset, PageSize) is var (quotient, rest) ? (quotient, (int)rest) : default;
            int length = Math.Min(PageSize - start, destination.Length);
            if (_pages.TryGetValue(page, out byte[]? bytes))
            {
                bytes.AsSpan(start, length).CopyTo(destination);
            }

            destination = destination[length..];
            offset += length;
        }
    }

    /// <summary>Writes, growing the file where needed.</summary>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        Length = Math.Max(Length, offset + source.Length);
        while (!source.IsEmpty)
        {
            long page = offset / PageSize;
            int start = (int)(offset % PageSize);
            int length = Math.Min(PageSize - start, source.Length);
            byte[] bytes = new byte[PageSize];
            if (_pages.TryGetValue(page, out byte[]? old))
            {
                old.CopyTo(bytes, 0);
            }

            source[..length].CopyTo(bytes.AsSpan(start));
            _pages[page] = bytes;
            source = source[length..];
            offset += length;
        }
    }

    /// <summary>Cuts or extends the file.</summary>
    public void SetLength(long length)
    {
        if (length < Length)
        {
            Clear(length, Length - length);
        }

        Length = length;
    }

    /// <summary>Makes a range zero without changing the size.</summary>
    public void Clear(long offset, long length)
    {
        long end = offset + length;
        foreach (long page in _pages.Keys.ToList())
        {
            long begin = Math.Max(offset, page * PageSize);
            long stop = Math.Min(end, (page + 1) * PageSize);
            if (stop - begin == PageSize)
            {
                _pages.Remove(page);
            }
            else if (begin < stop)
            {
                byte[] bytes = (byte[])_pages[page].Clone();
                bytes.AsSpan((int)(begin - (page * PageSize)), (int)(stop - begin)).Clear();
                _pages[page] = bytes;
            }
        }
    }
}
