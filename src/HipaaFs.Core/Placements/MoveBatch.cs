using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>Runs that are to be in segments of one placement, key domain and class.</summary>
internal sealed record MoveBatch(uint Placement, DomainId Domain, RecordClass Class, IReadOnlyList<SegmentUse> Uses);
