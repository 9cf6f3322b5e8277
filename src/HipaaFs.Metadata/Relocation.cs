using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>A run of a segment's plaintext whose bytes are in another segment too.</summary>
/// <param name="From">The segment the run was in.</param>
/// <param name="FromOffset">First byte in the plaintext of it.</param>
/// <param name="Length">Number of bytes, at least 1.</param>
/// <param name="To">The segment that has the same bytes.</param>
/// <param name="ToOffset">First byte in the plaintext of that.</param>
public readonly record struct Relocation(SegmentId From, long FromOffset, long Length, SegmentId To, long ToOffset)
{
    /// <summary>The first byte of <see cref="From"/>'s plaintext after the run.</summary>
    public long FromEnd => FromOffset + Length;
}
