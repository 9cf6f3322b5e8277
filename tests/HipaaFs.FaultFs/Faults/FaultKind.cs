namespace HipaaFs.FaultFs.Faults;

/// <summary>What a rule can make fail.</summary>
public enum FaultKind
{
    /// <summary>write(2).</summary>
    Write,

    /// <summary>read(2).</summary>
    Read,

    /// <summary>Creation of a file or directory.</summary>
    Create,

    /// <summary>link(2).</summary>
    Link,

    /// <summary>rename(2).</summary>
    Rename,

    /// <summary>unlink(2), rmdir(2).</summary>
    Unlink,

    /// <summary>truncate(2), and O_TRUNC.</summary>
    Truncate,

    /// <summary>fallocate(2).</summary>
    Allocate,

    /// <summary>fsync(2), fdatasync(2) of a file.</summary>
    Sync,

    /// <summary>fsync(2) of a directory.</summary>
    SyncDirectory,

    /// <summary>Every one of these but read(2): whatever changes the disk or asks for its promise.</summary>
    Change,
}
