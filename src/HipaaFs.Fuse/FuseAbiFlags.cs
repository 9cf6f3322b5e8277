namespace HipaaFs.Fuse;

/// <summary>FATTR_*: which fields of <see cref="FuseSetAttrIn"/> are valid.</summary>
[Flags]
public enum FuseSetAttrValid : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Mode.</summary>
    Mode = 1 << 0,

    /// <summary>Owner.</summary>
    Uid = 1 << 1,

    /// <summary>Group.</summary>
    Gid = 1 << 2,

    /// <summary>Size.</summary>
    Size = 1 << 3,

    /// <summary>Access time.</summary>
    AccessTime = 1 << 4,

    /// <summary>Modification time.</summary>
    ModifyTime = 1 << 5,

    /// <summary>The handle is valid.</summary>
    Handle = 1 << 6,

    /// <summary>Access time becomes now.</summary>
    AccessTimeNow = 1 << 7,

    /// <summary>Modification time becomes now.</summary>
    ModifyTimeNow = 1 << 8,

    /// <summary>The lock owner is valid.</summary>
    LockOwner = 1 << 9,

    /// <summary>Change time (sent with the write-back cache).</summary>
    ChangeTime = 1 << 10,

    /// <summary>Clear suid, and sgid if group-executable.</summary>
    KillSuidGid = 1 << 11,
}

/// <summary>FOPEN_*: how the kernel treats an open file; the answer to OPEN, CREATE and OPENDIR.</summary>
[Flags]
public enum FuseOpenReplyFlags : uint
{
    /// <summary>Pages are dropped on open.</summary>
    None = 0,

    /// <summary>The page cache is bypassed.</summary>
    DirectIo = 1 << 0,

    /// <summary>Pages of earlier opens stay valid.</summary>
    KeepCache = 1 << 1,

    /// <summary>Not seekable.</summary>
    NonSeekable = 1 << 2,

    /// <summary>The directory may be cached.</summary>
    CacheDirectory = 1 << 3,

    /// <summary>No file position.</summary>
    Stream = 1 << 4,

    /// <summary>No FLUSH on close, unless write-back cache is on.</summary>
    NoFlush = 1 << 5,

    /// <summary>Direct writes of one inode may run in parallel.</summary>
    ParallelDirectWrites = 1 << 6,

    /// <summary>Reads and writes go to the backing file in <see cref="FuseOpenOut.BackingId"/>.</summary>
    Passthrough = 1 << 7,
}

/// <summary>FUSE_OPEN_*: flags of OPEN and CREATE beside those of open(2).</summary>
[Flags]
public enum FuseOpenRequestFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Clear suid, and sgid if executable (O_TRUNC by one without CAP_FSETID).</summary>
    KillSuidGid = 1 << 0,
}

/// <summary>FUSE_RELEASE_*.</summary>
[Flags]
public enum FuseReleaseFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Flush too.</summary>
    Flush = 1 << 0,

    /// <summary>Drop the flock(2) lock of the owner.</summary>
    FlockUnlock = 1 << 1,
}

/// <summary>FUSE_GETATTR_*.</summary>
[Flags]
public enum FuseGetAttrFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The handle is valid.</summary>
    Handle = 1 << 0,
}

/// <summary>FUSE_LK_*.</summary>
[Flags]
public enum FuseLockFlags : uint
{
    /// <summary>A POSIX or OFD lock.</summary>
    None = 0,

    /// <summary>A flock(2) lock.</summary>
    Flock = 1 << 0,
}

/// <summary>FUSE_WRITE_*.</summary>
[Flags]
public enum FuseWriteFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>From the page cache; handle and caller are guessed.</summary>
    Cache = 1 << 0,

    /// <summary>The lock owner is valid.</summary>
    LockOwner = 1 << 1,

    /// <summary>Clear suid and sgid.</summary>
    KillSuidGid = 1 << 2,
}

/// <summary>FUSE_READ_*.</summary>
[Flags]
public enum FuseReadFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The lock owner is valid.</summary>
    LockOwner = 1 << 1,
}

/// <summary>FUSE_IOCTL_*.</summary>
[Flags]
public enum FuseIoctlFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>32-bit caller on a 64-bit kernel.</summary>
    Compat = 1 << 0,

    /// <summary>Not restricted to well-formed ioctls (CUSE).</summary>
    Unrestricted = 1 << 1,

    /// <summary>Reply only: retry with new vectors (CUSE).</summary>
    Retry = 1 << 2,

    /// <summary>32-bit ioctl.</summary>
    Is32Bit = 1 << 3,

    /// <summary>On a directory.</summary>
    Directory = 1 << 4,

    /// <summary>x32 caller.</summary>
    CompatX32 = 1 << 5,
}

/// <summary>FUSE_POLL_*.</summary>
[Flags]
public enum FusePollFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A later event must be announced with <see cref="FuseSession.NotifyPoll"/>.</summary>
    ScheduleNotify = 1 << 0,
}

/// <summary>FUSE_FSYNC_*.</summary>
[Flags]
public enum FuseFsyncFlags : uint
{
    /// <summary>fsync(2).</summary>
    None = 0,

    /// <summary>fdatasync(2).</summary>
    DataOnly = 1 << 0,
}

/// <summary>FUSE_ATTR_*.</summary>
[Flags]
public enum FuseAttrFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Root of a submount.</summary>
    Submount = 1 << 0,

    /// <summary>DAX for this file.</summary>
    Dax = 1 << 1,
}

/// <summary>FUSE_SETXATTR_*.</summary>
[Flags]
public enum FuseSetXattrFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Clear sgid: system.posix_acl_access is set by one not in the group.</summary>
    AclKillSgid = 1 << 0,
}
