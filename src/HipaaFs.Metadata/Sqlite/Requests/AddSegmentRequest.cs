namespace HipaaFs.Metadata.Sqlite.Requests;

/// <summary>Asks to add a segment.</summary>
internal sealed record AddSegmentRequest(SegmentRow Segment) : MetadataRequest;
