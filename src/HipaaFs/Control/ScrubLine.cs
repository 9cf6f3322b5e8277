namespace HipaaFs.Cli.Control;

/// <summary>A segment that the store did not have as it was written.</summary>
/// <param name="Segment">Its id.</param>
/// <param name="Missing">Whether the whole object was gone.</param>
/// <param name="BadFrames">Frames that were cut off or not authentic.</param>
/// <param name="Files">Whose data that is: inode numbers and bytes.</param>
internal sealed record ScrubLine(string Segment, bool Missing, long BadFrames, IReadOnlyList<ScrubFile> Files);
