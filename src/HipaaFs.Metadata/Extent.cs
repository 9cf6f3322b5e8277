using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>A run of a file's bytes and where in a segment it is.</summary>
/// <param name="FileOffset">First byte in the file.</param>
/// <param name="Length">Number of bytes, at least 1.</param>
/// <param name="Segment">The segment.</param>
/// <param name="PlaintextOffset">First byte in the segment's plaintext.</param>
public readonly record struct Extent(long FileOffset, long Length, SegmentId Segment, long PlaintextOffset)
{
    /// <summary>The largest length the store joins contiguous extents to.</summary>
    public const long MaxLength = 1L << 30;

    /// <summary>The first byte of the file after the run.</summary>
    public long End => FileOffset + Length;
}
