using HipaaFs.Metadata;

namespace HipaaFs.Checking;

/// <summary>An extent and the epoch it was written in.</summary>
/// <param name="Extent">The extent.</param>
/// <param name="Born">The epoch: the newest snapshot of that time, and one.</param>
internal readonly record struct BornExtent(Extent Extent, ulong Born);
