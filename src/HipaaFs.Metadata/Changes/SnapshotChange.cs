namespace HipaaFs.Metadata.Changes;

/// <summary>A change of a snapshot. Its key: the snapshot's number.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Snapshot">The row.</param>
public sealed record SnapshotChange(ChangeKind Kind, SnapshotRow Snapshot) : RowChange(Kind);
