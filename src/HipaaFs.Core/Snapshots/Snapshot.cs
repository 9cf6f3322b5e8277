using HipaaFs.Metadata;

namespace HipaaFs.Snapshots;

/// <summary>A snapshot as its users know it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name">Its label, or for one without a label the time it was taken; the name of its directory.</param>
/// <param name="Created">When it was taken.</param>
/// <param name="HasLabel">Whether somebody named it; the others are taken and thinned by the volume itself.</param>
public sealed record Snapshot(SnapshotId Id, string Name, DateTimeOffset Created, bool HasLabel);
