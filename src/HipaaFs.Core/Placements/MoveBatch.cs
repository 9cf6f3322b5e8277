using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>Runs that are to be in segments of one placement, key domain and class.</summary>
/// <param name="Placement">The placement.</param>
/// <param name="Domain">The key domain.</param>
/// <param name="Class">The class.</param>
/// <param name="Uses">The runs.</param>
/// <param name="Bytes">About as many as they are.</param>
internal sealed record MoveBatch(uint Placement, DomainId Domain, RecordClass Class, IReadOnlyList<SegmentUse> Uses, long Bytes);
