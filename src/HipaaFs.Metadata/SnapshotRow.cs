namespace HipaaFs.Metadata;

/// <summary>What the store keeps of a snapshot.</summary>
/// <param name="Id">The snapshot.</param>
/// <param name="Created">When it was taken.</param>
/// <param name="Label">What its maker calls it, sealed or empty.</param>
public readonly record struct SnapshotRow(SnapshotId Id, Timestamp Created, ReadOnlyMemory<byte> Label);
