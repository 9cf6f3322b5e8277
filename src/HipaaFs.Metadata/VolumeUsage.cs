namespace HipaaFs.Metadata;

/// <summary>What a volume holds now.</summary>
/// <param name="Inodes">Inodes in use, orphans among them.</param>
/// <param name="FileBytes">Sum of the sizes of all regular files.</param>
/// <param name="AllocatedBytes">Sum of the bytes that extents cover; shared extents count for each file.</param>
public readonly record struct VolumeUsage(long Inodes, long FileBytes, long AllocatedBytes);
