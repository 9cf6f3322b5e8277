using HipaaFs.Fuse;
using HipaaFs.Metadata;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Cli.Frontends;

/// <summary>Answers the requests of one FUSE connection by calling the file system.</summary>
/// <remarks>
/// Every request leaves through <see cref="ServeAsync"/>. It alone turns failures into errno values, so a handler returns an
/// <see cref="FsError"/> and never builds a reply header. Thread-safe: its only state is what was negotiated and a count.
/// </remarks>
internal sealed partial class FuseFrontend : IFuseHandler
{
    // FUSE_NOTIFY_INVAL_INODE with a negative offset leaves the pages alone.
    private const long AttributesOnly = -1;

    private readonly HipaaFileSystem _fileSystem;
    private readonly FuseFrontendOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private bool _writeBack; // Set before the first request.
    private Func<bool>? _mayBlock; // Likewise.

    public FuseFrontend(HipaaFileSystem fileSystem, FuseFrontendOptions options, TimeProvider time, ILogger logger)
    {
        _fileSystem = fileSystem;
        _options = options;
        _time = time;
        _logger = logger;
    }

    /// <summary>Lets the file system ask the kernel for what it still holds back. Call it between mounting and starting the session.</summary>
    public void Attach(FuseSession session)
    {
        _mayBlock = session.MayBlock;
        _fileSystem.ForgetAttributes = inode => session.NotifyInvalidateInode(inode.Value, offset: AttributesOnly);
        if (_writeBack)
        {
            _fileSystem.WriteBackPages = inode => new ValueTask<bool>(Task.Run(() => WriteBackPages(session, inode)));
        }
    }

    /// <summary>Notes what the kernel granted.</summary>
    public void Initialized(FuseNegotiated negotiated) => _writeBack = negotiated.Has(FuseCapabilities.WritebackCache);

    /// <summary>Serves one request and completes it exactly once. Does not throw.</summary>
    public async ValueTask ServeAsync(FuseRequest request)
    {
        FsError error;
        try
        {
            error = await DispatchAsync(request);
        }
        catch (OperationCanceledException) when (request.IsInterrupted)
        {
            error = FsError.Interrupted;
        }
        catch (Exception exception)
        {
            LogUnexpected(_logger, request.Opcode, request.Unique, exception);
            error = FsError.Io;
        }

        if (error == FsError.BadHandle)
        {
            LogBadHandle(_logger, request.Opcode, request.NodeId);
        }

        // The kernel distinguishes "no such ioctl" from "no such operation".
        int errno = request.Opcode == FuseOpcode.Ioctl && error == FsError.NotImplemented ? Errno.ENOTTY : error.ToErrno();
        request.Complete(errno);
    }

    /// <summary>The connection is gone; the daemon, which waits for the session, does what follows.</summary>
    public void Destroyed()
    {
    }

    // What is missing here is answered ENOSYS, after which the kernel does not ask again: ACCESS (it checks permissions itself),
    // FLUSH (a mount that is durable locally has nothing to do on close that RELEASE does not do), locks (it keeps them), POLL, BMAP.
    private ValueTask<FsError> DispatchAsync(FuseRequest request) => request.Opcode switch
    {
        FuseOpcode.Read => ReadAsync(request),
        FuseOpcode.Write => WriteAsync(request),
        FuseOpcode.Lookup => LookupAsync(request),
        FuseOpcode.GetAttr => GetAttributesAsync(request),
        FuseOpcode.Open => OpenAsync(request),
        FuseOpcode.Release => ReleaseAsync(request),
        FuseOpcode.Forget => Forget(request),
        FuseOpcode.BatchForget => ForgetBatch(request),
        FuseOpcode.ReadDir => ReadDirectoryAsync(request),
        FuseOpcode.ReadDirPlus => ReadDirectoryAsync(request),
        FuseOpcode.OpenDir => OpenDirectoryAsync(request),
        FuseOpcode.ReleaseDir => ReleaseDirectory(request),
        FuseOpcode.Create => CreateAsync(request),
        FuseOpcode.TmpFile => CreateTemporaryAsync(request),
        _ => DispatchRareAsync(request),
    };

    private ValueTask<FsError> DispatchRareAsync(FuseRequest request) => request.Opcode switch
    {
        FuseOpcode.SetAttr => SetAttributesAsync(request),
        FuseOpcode.Statx => GetExtendedAttributesAsync(request),
        FuseOpcode.ReadLink => ReadLinkAsync(request),
        FuseOpcode.SymLink => MakeSymbolicLinkAsync(request),
        FuseOpcode.MkNod => MakeNodeAsync(request),
        FuseOpcode.MkDir => MakeDirectoryAsync(request),
        FuseOpcode.Unlink => UnlinkAsync(request),
        FuseOpcode.RmDir => RemoveDirectoryAsync(request),
        FuseOpcode.Rename => RenameAsync(request),
        FuseOpcode.Rename2 => RenameAsync(request),
        FuseOpcode.Link => LinkAsync(request),
        FuseOpcode.Fsync => FsyncAsync(request),
        FuseOpcode.FsyncDir => FsyncDirectory(request),
        FuseOpcode.SyncFs => _fileSystem.SyncAsync(request.Interrupted),
        FuseOpcode.StatFs => GetUsage(request),
        FuseOpcode.GetXattr => GetXattrAsync(request),
        FuseOpcode.SetXattr => SetXattrAsync(request),
        FuseOpcode.ListXattr => ListXattrsAsync(request),
        FuseOpcode.RemoveXattr => RemoveXattrAsync(request),
        FuseOpcode.Lseek => SeekAsync(request),
        FuseOpcode.Fallocate => AllocateAsync(request),
        FuseOpcode.CopyFileRange => CopyRangeAsync(request),
        FuseOpcode.CopyFileRange64 => CopyRangeAsync(request),
        _ => new ValueTask<FsError>(FsError.NotImplemented),
    };

    // Invalidation writes dirty pages first, and returns when our own request threads have served those writes: it must not run
    // on one of them. That the clean pages go too costs a later read, no more.
    private static bool WriteBackPages(FuseSession session, InodeId inode) => session.NotifyInvalidateInode(inode.Value) is 0 or Errno.ENOENT;

    private static InodeId Inode(FuseRequest request) => new(request.NodeId);

    private static Caller CallerOf(FuseRequest request) => new(request.Uid, request.Gid, request.Pid);

    [LoggerMessage(720, LogLevel.Error, "FUSE {Opcode} request {Unique} failed unexpectedly")]
    private static partial void LogUnexpected(ILogger logger, FuseOpcode opcode, ulong unique, Exception exception);

    [LoggerMessage(721, LogLevel.Warning, "FUSE {Opcode} of inode {Inode} used a handle that is not open for it")]
    private static partial void LogBadHandle(ILogger logger, FuseOpcode opcode, ulong inode);
}
