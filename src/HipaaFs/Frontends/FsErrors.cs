using HipaaFs.Fuse;

namespace HipaaFs.Cli.Frontends;

/// <summary>The one table from what the file system says to what Linux says (errno(3)).</summary>
internal static class FsErrors
{
    /// <summary>The errno of an error; 0 for none.</summary>
#pragma warning disable CS8524 // No default arm on purpose: a new FsError must not compile before it has its errno.
    public static int ToErrno(this FsError error) => error switch
    {
        FsError.None => Errno.None,
        FsError.NotFound => Errno.ENOENT,
        FsError.Exists => Errno.EEXIST,
        FsError.NotADirectory => Errno.ENOTDIR,
        FsError.IsADirectory => Errno.EISDIR,
        FsError.DirectoryNotEmpty => Errno.ENOTEMPTY,
        FsError.InvalidArgument => Errno.EINVAL,
        FsError.NameTooLong => Errno.ENAMETOOLONG,
        FsError.BadHandle => Errno.EBADF,
        FsError.AccessDenied => Errno.EACCES,
        FsError.NotPermitted => Errno.EPERM,
        FsError.ReadOnly => Errno.EROFS,
        FsError.Archived => Errno.EREMOTE,
        FsError.Recalling => Errno.EINPROGRESS,
        FsError.VersionChanged => Errno.ESTALE,
        FsError.NotAuthentic => Errno.EIO,
        FsError.KeyUnavailable => Errno.ENOKEY,
        FsError.KeyRevoked => Errno.EKEYREVOKED,
        FsError.AuditUnavailable => Errno.EIO,
        FsError.NoSpace => Errno.ENOSPC,
        FsError.QuotaExceeded => Errno.EDQUOT,
        FsError.TooLarge => Errno.EFBIG,
        FsError.TooManyOpen => Errno.ENFILE,
        FsError.TooManyLinks => Errno.EMLINK,
        FsError.CrossDomain => Errno.EXDEV,
        FsError.NoAttribute => Errno.ENODATA,
        FsError.OutOfRange => Errno.ERANGE,
        FsError.NoSuchAddress => Errno.ENXIO,
        FsError.Interrupted => Errno.EINTR,
        FsError.TimedOut => Errno.ETIMEDOUT,
        FsError.NotSupported => Errno.EOPNOTSUPP,
        FsError.NotImplemented => Errno.ENOSYS,
        FsError.Io => Errno.EIO,
    };
#pragma warning restore CS8524
}
