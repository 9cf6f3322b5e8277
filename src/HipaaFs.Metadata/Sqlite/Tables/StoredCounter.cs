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

    // 3 to 5 were the usage of the volume before schema 5.

    /// <summary>The lowest snapshot number that was never given; also in the change stream.</summary>
    NextSnapshot = 6,
}
