namespace HipaaFs.Metadata;

/// <summary>What a volume, a placement of it, or a user holds now.</summary>
/// <param name="Inodes">Inodes in use, orphans among them.</param>
/// <param name="FileBytes">Sum of the sizes of all regular files.</param>
/// <param name="AllocatedBytes">Sum of the bytes that extents cover; shared extents count for each file.</param>
public readonly record struct VolumeUsage(long Inodes, long FileBytes, long AllocatedBytes)
{
    /// <summary>With an inode more (+1) or less (-1).</summary>
    public VolumeUsage Count(in InodeAttributes inode, int sign) => new(
        Inodes + sign,
        FileBytes + (inode.IsFile ? sign * inode.Size : 0),
        AllocatedBytes + (sign * inode.AllocatedBytes));
}
