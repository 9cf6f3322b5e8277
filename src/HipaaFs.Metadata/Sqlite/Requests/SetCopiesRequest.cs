using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to say which stores have a segment.</summary>
internal sealed record SetCopiesRequest(SegmentId Segment, ulong Present, ulong Absent) : MetadataRequest;
