using System.Buffers;
using System.Diagnostics;
using HipaaFs.Fuse.Interop;

namespace HipaaFs.Fuse;

/// <summary>The page-aligned native memory of one request and its reply.</summary>
/// <remarks>
/// <para>Layout: a front page, <c>payloadCapacity</c> bytes, a tail page. A message is read 80 bytes before the payload, so that the
/// data of a WRITE (header 40, fuse_write_in 40) and of a READ reply both start on a page and each is moved by one system call.</para>
/// <para>Pages are taken from the system when first touched. <see cref="Trim"/> gives them back.</para>
/// <para>It lives as long as the session; memory handed out for a request must not be used after the request.</para>
/// </remarks>
internal sealed unsafe class RequestBlock : MemoryManager<byte>
{
    internal const int PageSize = 4096;

    /// <summary>sizeof(fuse_in_header) + sizeof(fuse_write_in): what the kernel wants beside max_write.</summary>
    internal const int MessageHead = 80;

    /// <summary>Where messages are read to.</summary>
    internal const int MessageOffset = PageSize - MessageHead;

    private readonly byte* _start;

    internal RequestBlock(int payloadCapacity)
    {
        Debug.Assert(payloadCapacity % PageSize == 0, "payload capacity is whole pages");
        PayloadCapacity = payloadCapacity;
        Size = payloadCapacity + (2 * PageSize);
        const int Protection = LibC.PROT_READ | LibC.PROT_WRITE;
        const int Flags = LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS | LibC.MAP_NORESERVE;
        void* start = LibC.mmap(null, (nuint)Size, Protection, Flags, -1, 0);
        if ((nint)start == -1)
        {
            throw new InsufficientMemoryException("map a request block");
        }

        _start = (byte*)start;

        // File content passes through; it does not belong in core dumps. An old kernel may refuse the advice.
        _ = LibC.madvise(start, (nuint)Size, LibC.MADV_DONTDUMP);
    }

    internal byte* Start => _start;

    internal int Size { get; }

    internal int PayloadCapacity { get; }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_start, Size);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, default, this);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>A piece of the block that async code can hold.</summary>
    internal Memory<byte> Slice(byte* start, int length) => CreateMemory((int)(start - _start), length);

    /// <summary>Gives all pages back; their content becomes zero.</summary>
    internal void Trim()
    {
        _ = LibC.madvise(_start, (nuint)Size, LibC.MADV_DONTNEED);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _ = LibC.munmap(_start, (nuint)Size);
    }
}
