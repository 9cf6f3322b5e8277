namespace HipaaFs.Metadata.Changes;

/// <summary>A change of a segment. Its key: the segment's id.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Segment">The row.</param>
public sealed record SegmentChange(ChangeKind Kind, SegmentRow Segment) : RowChange(Kind);
