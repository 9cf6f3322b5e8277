using HipaaFs.Metadata;

namespace HipaaFs.Extents;

/// <summary>What is at an offset of a file, and how far it goes.</summary>
/// <param name="Extent">The extent that covers the offset; meaningless for a hole.</param>
/// <param name="IsHole">Whether nothing was ever written there.</param>
/// <param name="End">File offset just past what is there; <see cref="long.MaxValue"/> for a hole without end.</param>
internal readonly record struct ExtentHit(Extent Extent, bool IsHole, long End);
