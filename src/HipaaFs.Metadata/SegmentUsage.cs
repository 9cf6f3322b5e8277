namespace HipaaFs.Metadata;

/// <summary>How much of a segment is needed.</summary>
/// <param name="Row">The segment.</param>
/// <param name="ReferredBytes">Bytes of its plaintext that a file or a snapshot refers to; what several share counts once.</param>
public readonly record struct SegmentUsage(SegmentRow Row, long ReferredBytes);
