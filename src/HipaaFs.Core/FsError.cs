namespace HipaaFs;

/// <summary>Why a file system operation did not happen. Each value has one errno and one NTSTATUS (see the frontends).</summary>
public enum FsError
{
    /// <summary>It happened.</summary>
    None,

    /// <summary>No such inode or name.</summary>
    NotFound,

    /// <summary>The name is taken.</summary>
    Exists,

    /// <summary>A directory was needed.</summary>
    NotADirectory,

    /// <summary>Anything but a directory was needed.</summary>
    IsADirectory,

    /// <summary>The directory still has entries.</summary>
    DirectoryNotEmpty,

    /// <summary>An argument makes no sense, or a directory would move below itself.</summary>
    InvalidArgument,

    /// <summary>A name of more than 255 bytes, or a target of more than 4095.</summary>
    NameTooLong,

    /// <summary>The handle was never given out, or was not opened for this.</summary>
    BadHandle,

    /// <summary>Mode bits, ACL or a role deny it.</summary>
    AccessDenied,

    /// <summary>Nobody may do this, the owner and root included.</summary>
    NotPermitted,

    /// <summary>The mount takes no changes.</summary>
    ReadOnly,

    /// <summary>The data is in an archive and policy says not to wait for it.</summary>
    Archived,

    /// <summary>The data is on its way back from the archive.</summary>
    Recalling,

    /// <summary>The object behind a file is not the one that was written.</summary>
    VersionChanged,

    /// <summary>Stored bytes failed authentication, in the cache and in the store.</summary>
    NotAuthentic,

    /// <summary>The key's owner refuses or cannot be reached.</summary>
    KeyUnavailable,

    /// <summary>The key was destroyed; the data cannot come back.</summary>
    KeyRevoked,

    /// <summary>The audit trail cannot be written, so nothing may be done.</summary>
    AuditUnavailable,

    /// <summary>No room in staging or on the metadata disk.</summary>
    NoSpace,

    /// <summary>The quota is used up.</summary>
    QuotaExceeded,

    /// <summary>Larger than a file or value can be.</summary>
    TooLarge,

    /// <summary>Too many open handles.</summary>
    TooManyOpen,

    /// <summary>The inode has as many names as it can have.</summary>
    TooManyLinks,

    /// <summary>Source and target are in different key domains or regions.</summary>
    CrossDomain,

    /// <summary>No such extended attribute.</summary>
    NoAttribute,

    /// <summary>The caller's buffer is too small.</summary>
    OutOfRange,

    /// <summary>The offset is past the last byte (SEEK_DATA, SEEK_HOLE).</summary>
    NoSuchAddress,

    /// <summary>The caller gave up.</summary>
    Interrupted,

    /// <summary>A store did not answer in time.</summary>
    TimedOut,

    /// <summary>The operation exists, but not here.</summary>
    NotSupported,

    /// <summary>The operation does not exist; the kernel stops asking.</summary>
    NotImplemented,

    /// <summary>Anything unexpected.</summary>
    Io,
}
