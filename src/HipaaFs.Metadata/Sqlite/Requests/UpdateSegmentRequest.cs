namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to replace a segment's row.</summary>
internal sealed record UpdateSegmentRequest(SegmentRow Segment) : MetadataRequest;
