namespace HipaaFs.Dirty;

/// <summary>One page's worth of memory out of a <see cref="PagePool"/>.</summary>
internal sealed class PageBuffer
{
    private readonly int _offset;

    internal PageBuffer(PagePool.Slab slab, int offset)
    {
        Slab = slab;
        _offset = offset;
    }

    internal PagePool.Slab Slab { get; }

    /// <summary>The bytes.</summary>
    internal Span<byte> Span => Slab.Bytes.AsSpan(_offset, PagePool.PageSize);
}
