namespace HipaaFs.Metadata.Sqlite;

/// <summary>Why a metadata database cannot be opened.</summary>
public enum SqliteOpenError
{
    /// <summary>It can.</summary>
    None = 0,

    /// <summary>A newer version of the program wrote it.</summary>
    NewerSchema,

    /// <summary>It is not a database, or its structure is broken.</summary>
    Damaged,

    /// <summary>There is no room to open it.</summary>
    DiskFull,

    /// <summary>Another process is writing to it.</summary>
    Locked,

    /// <summary>It is missing or empty, and should not be.</summary>
    Missing,

    /// <summary>It is missing, or the device or its permissions do not let it be read.</summary>
    Unreadable,
}
