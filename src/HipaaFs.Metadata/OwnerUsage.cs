namespace HipaaFs.Metadata;

/// <summary>What one user holds under one placement.</summary>
/// <param name="Placement">The placement that the inodes name.</param>
/// <param name="Uid">Their owner.</param>
/// <param name="Usage">How much that is; never nothing.</param>
public readonly record struct OwnerUsage(uint Placement, uint Uid, VolumeUsage Usage);
