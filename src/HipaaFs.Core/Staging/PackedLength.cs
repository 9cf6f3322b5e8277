using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Staging;

/// <summary>How long a segment would be that holds only what is needed of another, in bytes of plaintext.</summary>
internal static class PackedLength
{
    /// <summary>A segment shorter than this is uploaded as it is: a copy of it costs as many syncs as a large one.</summary>
    internal const long LeastWorth = 1L << 20;

    // design: "less than 75 % live".
    private const int Percent = 75;

    /// <summary>The length, laid out as writeback does it: no run across two frames if it fits one. What that wastes is no waste that a copy would save.</summary>
    /// <param name="uses">The segment's live and past uses, in any order; they may overlap.</param>
    internal static long Of(IEnumerable<SegmentUse> uses)
    {
        long length = 0;
        foreach (SegmentUse use in SegmentMove.WithoutRepetition(uses))
        {
            long run = use.Extent.Length;
            length += run > SegmentFormat.FrameSize ? run : SegmentFormat.FrameSize / (SegmentFormat.FrameSize / run);
        }

        return length;
    }

    /// <summary>Whether a copy of <paramref name="packed"/> bytes is so much shorter than the segment that it is worth its work.</summary>
    internal static bool IsWorthIt(long packed, long length) => packed * 100 < length * Percent;
}
