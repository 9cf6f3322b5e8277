namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The rows of the counter table.</summary>
internal enum StoredCounter
{
    /// <summary>No counter.</summary>
    None = 0,

    /// <summary>The lowest inode number that was never set aside; also in the change stream.</summary>
    NextInode = 1,

    /// <summary>The newest applied operation.</summary>
    Sequence = 2,

    /// <summary>Inodes in use.</summary>
    Inodes = 3,

    /// <summary>Sum of file sizes.</summary>
    FileBytes = 4,

    /// <summary>Sum of the bytes extents cover.</summary>
    AllocatedBytes = 5,

    /// <summary>The lowest snapshot number that was never given; also in the change stream.</summary>
    NextSnapshot = 6,
}
