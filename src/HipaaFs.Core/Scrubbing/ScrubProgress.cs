namespace HipaaFs.Scrubbing;

/// <summary>How far a scrub is.</summary>
/// <param name="DoneBytes">Bytes of the store that are read, those of the run it goes on from included.</param>
/// <param name="TotalBytes">Bytes of all segments.</param>
public readonly record struct ScrubProgress(long DoneBytes, long TotalBytes);
