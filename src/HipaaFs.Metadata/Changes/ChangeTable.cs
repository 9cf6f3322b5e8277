namespace HipaaFs.Metadata.Changes;

/// <summary>The tables of the change stream; the values are those of the encoding.</summary>
public enum ChangeTable : byte
{
    /// <summary>No table.</summary>
    None = 0,

    /// <summary>Inodes.</summary>
    Inode = 1,

    /// <summary>Directory entries.</summary>
    Entry = 2,

    /// <summary>Extended attributes.</summary>
    Xattr = 3,

    /// <summary>Targets of symbolic links.</summary>
    Symlink = 4,

    /// <summary>Extents of files.</summary>
    Extent = 5,

    /// <summary>Segments.</summary>
    Segment = 6,

    /// <summary>Inodes without a name.</summary>
    Orphan = 7,

    /// <summary>Sessions.</summary>
    Session = 8,

    /// <summary>Snapshots.</summary>
    Snapshot = 9,

    /// <summary>Settings of the volume.</summary>
    Setting = 10,

    /// <summary>Counters.</summary>
    Counter = 11,
}
