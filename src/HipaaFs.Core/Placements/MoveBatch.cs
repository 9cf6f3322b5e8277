using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>Runs that go to one place.</summary>
/// <param name="Target">Where they go.</param>
/// <param name="Uses">The runs.</param>
/// <param name="Bytes">About as many as they are.</param>
internal sealed record MoveBatch(MoveTarget Target, IReadOnlyList<SegmentUse> Uses, long Bytes);
