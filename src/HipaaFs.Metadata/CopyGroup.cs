namespace HipaaFs.Metadata;

/// <summary>The segments of one state and one placement that are in the same stores.</summary>
/// <param name="State">Live or condemned.</param>
/// <param name="Placement">Placement of their data.</param>
/// <param name="Copies">The stores that have each of them, as <see cref="SegmentRow.Copies"/>.</param>
/// <param name="Sum">How many they are; the bytes are those of one copy of each.</param>
public readonly record struct CopyGroup(SegmentState State, uint Placement, ulong Copies, CopySum Sum);
