namespace HipaaFs.Cli.Control;

/// <summary>Data of one file that was written and cannot be read any more.</summary>
/// <param name="Inode">The file; <c>find MOUNTPOINT -inum</c> shows its name.</param>
/// <param name="Segment">The segment in staging that the data is in.</param>
/// <param name="FirstFrame">The first frame of it that cannot be read.</param>
/// <param name="Frames">How many.</param>
internal sealed record DamagedLine(ulong Inode, string Segment, long FirstFrame, long Frames);
