namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>What every table of the live view shares: the epoch rows are born in, the changes of the batch, the usage of the volume.</summary>
internal sealed class BatchContext
{
    /// <summary>The newest snapshot's number and one. A row born before it is still shown by a snapshot.</summary>
    public ulong Epoch { get; set; } = 1;

    public BatchChanges Changes { get; } = new();

    public VolumeUsage Usage { get; set; }

    /// <summary>Counts an inode in (+1) or out (-1).</summary>
    public void Count(in InodeAttributes inode, int sign) => Usage = new VolumeUsage(
        Usage.Inodes + sign,
        Usage.FileBytes + (inode.IsFile ? sign * inode.Size : 0),
        Usage.AllocatedBytes + (sign * inode.AllocatedBytes));
}
