namespace HipaaFs.Metadata.Changes;

/// <summary>What happened to a row; the values are those of the encoding.</summary>
public enum ChangeKind : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The row is new or has new content.</summary>
    Upsert = 1,

    /// <summary>The row is gone; only its key is given. The end of an inode is the end of its target, attributes and extents too.</summary>
    Tombstone = 2,

    /// <summary>The row is a past one that snapshots still show: in dumps, and of extents also when their data moves to another segment.</summary>
    Past = 3,
}
