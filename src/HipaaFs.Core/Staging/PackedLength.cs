using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Staging;

/// <summary>How short a segment would be that holds only what is needed of another.</summary>
internal static class PackedLength
{
    /// <summary>A segment shorter than this, in bytes of plaintext, is uploaded as it is: a copy of it costs as many syncs as a large one.</summary>
    internal const long LeastWorth = 1L << 20;

    // design: "less than 75 % live".
    private const int Percent = 75;

    /// <summary>Whether a copy would be much shorter than the segment.</summary>
    /// <param name="length">The segment's plaintext in bytes, padding included.</param>
    /// <param name="uses">Its live and past uses, in any order; they may overlap.</param>
    internal static bool IsWorthIt(long length, IEnumerable<SegmentUse> uses)
    {
        long packed = 0;
        foreach (SegmentUse use in SegmentMove.WithoutRepetition(uses))
        {
            packed += Cost(use.Extent.Length);
        }

        return packed * 100 < length * Percent;
    }

    // As writeback lays runs out, none across two frames if it fits one: what it does with small files is no waste that a copy would save.
    private static long Cost(long run) =>
        run > SegmentFormat.FrameSize ? run : SegmentFormat.FrameSize / (SegmentFormat.FrameSize / run);
}
