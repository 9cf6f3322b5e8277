namespace HipaaFs.Dirty;

/// <summary>One page's worth of memory out of a <see cref="PagePool"/>: a piece of an array on the pinned heap, which the collector never copies.</summary>
internal sealed class PageBuffer
{
    private readonly byte[] _slab;
    private readonly int _offset;

    internal PageBuffer(byte[] slab, int offset)
    {
        _slab = slab;
        _offset = offset;
    }

    /// <summary>The bytes.</summary>
    internal Span<byte> Span => _slab.AsSpan(_offset, PagePool.PageSize);
}
