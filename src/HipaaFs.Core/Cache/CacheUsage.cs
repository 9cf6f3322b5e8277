namespace HipaaFs.Cache;

/// <summary>What the cache holds and how well it serves.</summary>
/// <param name="Bytes">Bytes on the disk.</param>
/// <param name="MaxBytes">Most bytes it may hold.</param>
/// <param name="Segments">Segments of which it holds anything.</param>
/// <param name="FetchedBytes">Bytes fetched from the store since the volume was opened.</param>
/// <param name="Fetches">Requests made for them.</param>
/// <param name="BadFrames">Frames that were bad in the cache and had to be fetched again.</param>
public readonly record struct CacheUsage(long Bytes, long MaxBytes, int Segments, long FetchedBytes, long Fetches, long BadFrames);
