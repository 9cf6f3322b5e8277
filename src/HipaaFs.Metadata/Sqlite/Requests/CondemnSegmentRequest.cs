using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to condemn a segment.</summary>
internal sealed record CondemnSegmentRequest(SegmentId Segment) : MetadataRequest;
