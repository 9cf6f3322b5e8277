namespace HipaaFs.Fuse;

/// <summary>The INIT flags of linux/fuse.h (bits 32 to 63 travel in <c>flags2</c>): what a server asks for and the kernel grants.</summary>
[Flags]
public enum FuseCapabilities : ulong
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>FUSE_ASYNC_READ: several reads of one file at a time.</summary>
    AsyncRead = 1UL << 0,

    /// <summary>FUSE_POSIX_LOCKS: GETLK, SETLK and SETLKW are sent instead of being decided by the kernel.</summary>
    PosixLocks = 1UL << 1,

    /// <summary>FUSE_FILE_OPS: defined by the header, not implemented by any kernel.</summary>
    FileOps = 1UL << 2,

    /// <summary>FUSE_ATOMIC_O_TRUNC: OPEN carries O_TRUNC instead of a SETATTR before it.</summary>
    AtomicTruncate = 1UL << 3,

    /// <summary>FUSE_EXPORT_SUPPORT: LOOKUP of "." and ".." is answered, so the mount can be exported by NFS.</summary>
    ExportSupport = 1UL << 4,

    /// <summary>FUSE_BIG_WRITES: writes larger than a page. Always asked for.</summary>
    BigWrites = 1UL << 5,

    /// <summary>FUSE_DONT_MASK: the umask is passed on, not applied (needed for default ACLs).</summary>
    DontMask = 1UL << 6,

    /// <summary>FUSE_SPLICE_WRITE: never asked for; replies are written from one block.</summary>
    SpliceWrite = 1UL << 7,

    /// <summary>FUSE_SPLICE_MOVE: never asked for.</summary>
    SpliceMove = 1UL << 8,

    /// <summary>FUSE_SPLICE_READ: never asked for.</summary>
    SpliceRead = 1UL << 9,

    /// <summary>FUSE_FLOCK_LOCKS: flock(2) is sent as SETLK with FUSE_LK_FLOCK.</summary>
    FlockLocks = 1UL << 10,

    /// <summary>FUSE_HAS_IOCTL_DIR: ioctl on directories.</summary>
    IoctlDir = 1UL << 11,

    /// <summary>FUSE_AUTO_INVAL_DATA: pages are dropped when size or mtime is seen to change.</summary>
    AutoInvalidateData = 1UL << 12,

    /// <summary>FUSE_DO_READDIRPLUS: READDIRPLUS is used.</summary>
    ReadDirPlus = 1UL << 13,

    /// <summary>FUSE_READDIRPLUS_AUTO: READDIRPLUS only where look-ups follow.</summary>
    ReadDirPlusAuto = 1UL << 14,

    /// <summary>FUSE_ASYNC_DIO: asynchronous direct I/O.</summary>
    AsyncDirectIo = 1UL << 15,

    /// <summary>FUSE_WRITEBACK_CACHE: buffered writes are collected in the page cache. The kernel then owns size and mtime.</summary>
    WritebackCache = 1UL << 16,

    /// <summary>FUSE_NO_OPEN_SUPPORT: answering OPEN with ENOSYS ends OPEN requests.</summary>
    NoOpenSupport = 1UL << 17,

    /// <summary>FUSE_PARALLEL_DIROPS: look-ups and readdir in one directory in parallel.</summary>
    ParallelDirectoryOperations = 1UL << 18,

    /// <summary>FUSE_HANDLE_KILLPRIV: the server clears suid, sgid and capabilities on write, chown and truncate.</summary>
    HandleKillPriv = 1UL << 19,

    /// <summary>FUSE_POSIX_ACL: ACL xattrs are understood and enforced by the kernel (implies default_permissions).</summary>
    PosixAcl = 1UL << 20,

    /// <summary>FUSE_ABORT_ERROR: reading after an abort gives ECONNABORTED.</summary>
    AbortError = 1UL << 21,

    /// <summary>FUSE_MAX_PAGES: requests above 128 KiB. Always asked for.</summary>
    MaxPages = 1UL << 22,

    /// <summary>FUSE_CACHE_SYMLINKS: READLINK answers are cached.</summary>
    CacheSymlinks = 1UL << 23,

    /// <summary>FUSE_NO_OPENDIR_SUPPORT: answering OPENDIR with ENOSYS ends OPENDIR requests.</summary>
    NoOpenDirSupport = 1UL << 24,

    /// <summary>FUSE_EXPLICIT_INVAL_DATA: pages are dropped only by notification. Excludes <see cref="AutoInvalidateData"/>.</summary>
    ExplicitInvalidateData = 1UL << 25,

    /// <summary>FUSE_MAP_ALIGNMENT: virtiofs DAX; never asked for.</summary>
    MapAlignment = 1UL << 26,

    /// <summary>FUSE_SUBMOUNTS: directories may be announced as submounts.</summary>
    Submounts = 1UL << 27,

    /// <summary>FUSE_HANDLE_KILLPRIV_V2: as <see cref="HandleKillPriv"/>, with the kernel saying when, as local file systems do.</summary>
    HandleKillPrivV2 = 1UL << 28,

    /// <summary>FUSE_SETXATTR_EXT: SETXATTR says when the sgid bit must go. Always asked for.</summary>
    SetXattrExtended = 1UL << 29,

    /// <summary>FUSE_INIT_EXT: flags2 is valid. Always asked for.</summary>
    InitExtended = 1UL << 30,

    /// <summary>FUSE_SECURITY_CTX: create requests carry the security label.</summary>
    SecurityContext = 1UL << 32,

    /// <summary>FUSE_HAS_INODE_DAX: virtiofs DAX; never asked for.</summary>
    InodeDax = 1UL << 33,

    /// <summary>FUSE_CREATE_SUPP_GROUP: create requests carry the group that matches the parent directory.</summary>
    CreateSupplementaryGroup = 1UL << 34,

    /// <summary>FUSE_HAS_EXPIRE_ONLY: entries can be expired without being dropped.</summary>
    ExpireOnly = 1UL << 35,

    /// <summary>FUSE_DIRECT_IO_ALLOW_MMAP: shared mmap of files opened with <see cref="FuseOpenReplyFlags.DirectIo"/>.</summary>
    DirectIoAllowMmap = 1UL << 36,

    /// <summary>FUSE_PASSTHROUGH: reads and writes go to a backing file. Excludes <see cref="WritebackCache"/> and needs CAP_SYS_ADMIN.</summary>
    Passthrough = 1UL << 37,

    /// <summary>FUSE_NO_EXPORT_SUPPORT: NFS export is refused.</summary>
    NoExportSupport = 1UL << 38,

    /// <summary>FUSE_HAS_RESEND: pending requests can be sent again.</summary>
    Resend = 1UL << 39,

    /// <summary>FUSE_ALLOW_IDMAP: idmapped mounts may be made.</summary>
    AllowIdmap = 1UL << 40,

    /// <summary>FUSE_OVER_IO_URING: requests over io_uring; never asked for by this library.</summary>
    OverIoUring = 1UL << 41,

    /// <summary>FUSE_REQUEST_TIMEOUT: the kernel aborts the connection when a request is not answered in time.</summary>
    RequestTimeout = 1UL << 42,

    /// <summary>What a local file system with POSIX semantics wants on a single node, write-back cache included.</summary>
    LocalFileSystem = AsyncRead | AtomicTruncate | DontMask | ReadDirPlus | ReadDirPlusAuto | AsyncDirectIo | WritebackCache
        | ParallelDirectoryOperations | PosixAcl | CacheSymlinks | HandleKillPrivV2 | ExpireOnly | DirectIoAllowMmap | Resend,
}
