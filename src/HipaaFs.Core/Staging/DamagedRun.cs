using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Staging;

/// <summary>Frames of an unfinished segment that a file needs and that cannot be read.</summary>
/// <param name="Inode">The file.</param>
/// <param name="Segment">The segment, which stays in staging for as long as the file refers to the frames.</param>
/// <param name="FirstFrame">The first of the frames.</param>
/// <param name="Frames">How many.</param>
/// <param name="Error">Why they cannot be read.</param>
public sealed record DamagedRun(InodeId Inode, SegmentId Segment, long FirstFrame, long Frames, FsError Error);
