using HipaaFs.Cache;

namespace HipaaFs.Cli.Control;

/// <summary>What is in the cache of a mount.</summary>
/// <param name="Bytes">Bytes in it.</param>
/// <param name="MaxBytes">Most bytes it may take.</param>
/// <param name="Pinned">What stays in it.</param>
/// <param name="Warmed">What was brought there; null when nothing was asked for.</param>
internal sealed record CacheReport(long Bytes, long MaxBytes, PinUsage Pinned, WarmProgress? Warmed);
