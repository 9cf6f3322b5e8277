using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Segments;

namespace HipaaFs.Staging;

/// <summary>Copies runs of a segment but for the frames that cannot be read, and names those.</summary>
internal sealed class ReadableCopy
{
    private readonly SegmentCopy _copy;
    private readonly List<DamagedRun> _damage = [];

    internal ReadableCopy(SegmentCopy copy) => _copy = copy;

    /// <summary>What could not be read so far.</summary>
    internal List<DamagedRun> Damage => _damage;

    /// <summary>Copies a run and appends where its parts went. An error when a reason other than the frames themselves stands in the way.</summary>
    /// <exception cref="IOException">Staging's disk takes no more.</exception>
    internal async Task<FsError> CopyAsync(SegmentUse use, List<Extent> moved, CancellationToken cancel)
    {
        Extent rest = use.Extent;
        while (rest.Length > 0)
        {
            int before = moved.Count;
            FsError error = await _copy.CopyAsync(use.Inode, rest, moved, cancel);
            if (error == FsError.None)
            {
                return FsError.None;
            }

            rest = After(rest, LengthFrom(moved, before)); // It begins with the chunk in which a frame cannot be read.
            if (error != FsError.NotAuthentic)
            {
                return error;
            }

            rest = await CopyFramesAsync(use.Inode, rest, moved, cancel);
        }

        return FsError.None;
    }

    /// <summary>Notes that nothing of a run can be read.</summary>
    internal void NoteUnreadable(SegmentUse use, FsError error) => Note(use.Inode, use.Extent, error);

    // Copies what can be read of a run's first chunk, frame by frame. Returns what follows the chunk.
    private async Task<Extent> CopyFramesAsync(InodeId inode, Extent run, List<Extent> moved, CancellationToken cancel)
    {
        long end = Math.Min(run.Length, SegmentCopy.Chunk);
        long done = 0;
        while (done < end)
        {
            long untilNext = SegmentFormat.FrameSize - ((run.PlaintextOffset + done) % SegmentFormat.FrameSize);
            Extent piece = After(run, done) with { Length = Math.Min(untilNext, end - done) };
            FsError error = await _copy.CopyAsync(inode, piece, moved, cancel);
            if (error != FsError.None)
            {
                Note(inode, piece, error);
            }

            done += piece.Length;
        }

        return After(run, end);
    }

    private static Extent After(Extent run, long length) =>
        new(run.FileOffset + length, run.Length - length, run.Segment, run.PlaintextOffset + length);

    private static long LengthFrom(List<Extent> extents, int first)
    {
        long length = 0;
        for (int i = first; i < extents.Count; i++)
        {
            length += extents[i].Length;
        }

        return length;
    }

    private void Note(InodeId inode, Extent run, FsError error)
    {
        (long first, long last) = SegmentDamage.FramesOf(run);
        if (_damage.Count > 0
            && _damage[^1] is { } previous
            && (previous.Inode, previous.Segment, previous.Error) == (inode, run.Segment, error)
            && previous.FirstFrame + previous.Frames >= first
            && previous.FirstFrame <= first)
        {
            _damage[^1] = previous with { Frames = Math.Max(previous.Frames, last - previous.FirstFrame + 1) };
            return;
        }

        _damage.Add(new DamagedRun(inode, run.Segment, first, last - first + 1, error));
    }
}
