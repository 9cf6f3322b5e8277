namespace HipaaFs.Cli.Control;

/// <summary>A segment that the store did not have as it was written.</summary>
/// <param name="Segment">Its id.</param>
/// <param name="Missing">Whether the whole object was gone.</param>
/// <param name="BadFrames">Frames that were cut off or not authentic.</param>
/// <param name="FileCount">Of how many files that is data.</param>
/// <param name="Files">The first hundred of them: inode numbers and bytes.</param>
internal sealed record ScrubLine(string Segment, bool Missing, long BadFrames, int FileCount, IReadOnlyList<ScrubFile> Files);
