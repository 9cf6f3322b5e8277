using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Segments;

/// <summary>What of a segment cannot be read any more.</summary>
/// <param name="Row">The segment.</param>
/// <param name="Length">Bytes of the object that there are; 0 when it is gone.</param>
/// <param name="BadFrames">Frames that are there and not authentic.</param>
internal sealed record SegmentDamage(SegmentRow Row, long Length, IReadOnlySet<long> BadFrames)
{
    /// <summary>A segment that is gone, or cut off.</summary>
    internal SegmentDamage(SegmentRow row, long length)
        : this(row, length, new HashSet<long>())
    {
    }

    /// <summary>
    /// The row of a staged segment that is lost: as if it had been uploaded and its object were gone, so that reads of it fail, scrub tells of it, and nothing waits for
    /// its upload any more.
    /// </summary>
    /// <param name="row">The segment.</param>
    /// <param name="needed">How much of its plaintext rows refer to.</param>
    /// <param name="store">Number of the store that has most of it; 0 when none has anything.</param>
    internal static SegmentRow GivenUp(SegmentRow row, long needed, int store)
    {
        SegmentRow uploaded = row with { State = SegmentState.Live, Copies = SegmentCopies.In(store) };
        return row.ObjectLength > 0
            ? uploaded
            : uploaded with { PlaintextLength = needed, ObjectLength = SegmentFormat.FramesEnd(needed) + SegmentFormat.TrailerSize };
    }

    /// <summary>Where a frame ends in the object. All frames are whole while the segment is written, only the last of a finished one may be short.</summary>
    internal static long EndOfFrame(SegmentRow row, long number)
    {
        long end = SegmentFormat.SealedFrameOffset(number + 1);
        return row.ObjectLength == 0 ? end : Math.Min(end, SegmentFormat.FramesEnd(row.PlaintextLength));
    }

    /// <summary>The frames that a run of the segment lies in, from the first to the last.</summary>
    internal static (long First, long Last) FramesOf(Extent extent) =>
        (extent.PlaintextOffset / SegmentFormat.FrameSize, (extent.PlaintextOffset + extent.Length - 1) / SegmentFormat.FrameSize);

    /// <summary>How many bytes of a run cannot be read, whole frames' worth.</summary>
    internal long BytesLost(Extent extent)
    {
        (long first, long last) = FramesOf(extent);
        long lost = 0;
        for (long frame = first; frame <= last; frame++)
        {
            if (EndOfFrame(Row, frame) > Length || BadFrames.Contains(frame))
            {
                long begin = Math.Max(frame * SegmentFormat.FrameSize, extent.PlaintextOffset);
                long end = Math.Min((frame + 1) * SegmentFormat.FrameSize, extent.PlaintextOffset + extent.Length);
                lost += end - begin;
            }
        }

        return lost;
    }
}
