namespace HipaaFs.Metadata.Changes;

/// <summary>The counters of a volume that the change stream carries; the values are those of the encoding.</summary>
public enum VolumeCounter : uint
{
    /// <summary>No counter.</summary>
    None = 0,

    /// <summary>The lowest inode number that was never set aside for use.</summary>
    NextInode = 1,

    /// <summary>The lowest snapshot number that was never given.</summary>
    NextSnapshot = 2,
}
