using HipaaFs.Fuse;
using HipaaFs.Metadata;

namespace HipaaFs.Cli.Frontends;

// Names: look-up and forgetting, creation, removal, renaming. None of it can be interrupted: it is done at once, and a change that
// was half-way interrupted would be one that nobody knows the outcome of.
internal sealed partial class FuseFrontend
{
    private async ValueTask<FsError> LookupAsync(FuseRequest request)
    {
        FsResult<InodeAttributes> result = await _fileSystem.LookupAsync(Inode(request), request.Name(0), CancellationToken.None);
        if (result.Error == FsError.NotFound && CacheTimeOf(Inode(request)) > TimeSpan.Zero)
        {
            // Node 0 is a negative entry: the kernel remembers that there is no such name.
            var missing = new FuseEntryOut();
            missing.SetTimeouts(_options.KernelCacheTime, TimeSpan.Zero);
            request.Reply(missing);
            return FsError.None;
        }

        return ReplyEntry(request, result);
    }

    // The kernel expects no reply to FORGET, and sends them in bursts: handled inline, never awaited.
    private ValueTask<FsError> Forget(FuseRequest request)
    {
        _fileSystem.Forget(Inode(request), request.Argument<FuseForgetIn>().LookupCount);
        return new ValueTask<FsError>(FsError.None);
    }

    private ValueTask<FsError> ForgetBatch(FuseRequest request)
    {
        foreach (ref readonly FuseForgetOne forget in request.Forgets)
        {
            _fileSystem.Forget(new InodeId(forget.NodeId), forget.LookupCount);
        }

        return new ValueTask<FsError>(FsError.None);
    }

    private async ValueTask<FsError> MakeNodeAsync(FuseRequest request)
    {
        FuseMkNodIn make = request.Argument<FuseMkNodIn>();
        FsResult<InodeAttributes> result = await _fileSystem.MakeNodeAsync(
            Inode(request),
            request.Name(0),
            new CreationMode(make.Mode, make.Umask, make.DeviceNumber),
            CallerOf(request),
            CancellationToken.None);
        return ReplyEntry(request, await SettleAsync(result));
    }

    private async ValueTask<FsError> MakeDirectoryAsync(FuseRequest request)
    {
        FuseMkDirIn make = request.Argument<FuseMkDirIn>();
        FsResult<InodeAttributes> result = await _fileSystem.MakeDirectoryAsync(
            Inode(request), request.Name(0), new CreationMode(make.Mode, make.Umask, 0), CallerOf(request), CancellationToken.None);
        return ReplyEntry(request, await SettleAsync(result));
    }

    private async ValueTask<FsError> MakeSymbolicLinkAsync(FuseRequest request)
    {
        FsResult<InodeAttributes> result = await _fileSystem.MakeSymbolicLinkAsync(
            Inode(request), request.Name(0), request.Name(1), CallerOf(request), CancellationToken.None);
        return ReplyEntry(request, await SettleAsync(result));
    }

    private async ValueTask<FsError> LinkAsync(FuseRequest request)
    {
        var inode = new InodeId(request.Argument<FuseLinkIn>().OldNodeId);
        FsResult<InodeAttributes> result = await _fileSystem.LinkAsync(inode, Inode(request), request.Name(0), CancellationToken.None);
        return ReplyEntry(request, await SettleAsync(result));
    }

    private async ValueTask<FsError> ReadLinkAsync(FuseRequest request)
    {
        FsResult<byte[]> result = await _fileSystem.ReadLinkAsync(Inode(request), CancellationToken.None);
        if (result.IsOk)
        {
            request.Reply(result.Value.AsSpan());
        }

        return result.Error;
    }

    private async ValueTask<FsError> UnlinkAsync(FuseRequest request) =>
        await SettleAsync(await _fileSystem.UnlinkAsync(Inode(request), request.Name(0), CancellationToken.None));

    private async ValueTask<FsError> RemoveDirectoryAsync(FuseRequest request) =>
        await SettleAsync(await _fileSystem.RemoveDirectoryAsync(Inode(request), request.Name(0), CancellationToken.None));

    private async ValueTask<FsError> RenameAsync(FuseRequest request)
    {
        ulong newParent;
        uint flags = 0;
        if (request.Opcode == FuseOpcode.Rename)
        {
            newParent = request.Argument<FuseRenameIn>().NewParent;
        }
        else
        {
            FuseRename2In rename = request.Argument<FuseRename2In>();
            newParent = rename.NewParent;
            flags = rename.Flags;
        }

        if (ToRenameMode(flags) is not { } mode)
        {
            return FsError.InvalidArgument;
        }

        FsError error = await _fileSystem.RenameAsync(
            Inode(request), request.Name(0), new InodeId(newParent), request.Name(1), mode, CancellationToken.None);
        return await SettleAsync(error);
    }

    private static RenameMode? ToRenameMode(uint flags) => flags switch
    {
        0 => RenameMode.Replace,
        1 => RenameMode.NoReplace, // RENAME_NOREPLACE
        2 => RenameMode.Exchange, // RENAME_EXCHANGE
        _ => null, // RENAME_WHITEOUT is for overlay file systems' upper layers.
    };

    private FsError ReplyEntry(FuseRequest request, in FsResult<InodeAttributes> result)
    {
        if (!result.IsOk)
        {
            return result.Error;
        }

        _fileSystem.Remember(result.Value.Id);
        request.Reply(ToEntry(result.Value));
        return FsError.None;
    }

    private async ValueTask<FsResult<InodeAttributes>> SettleAsync(FsResult<InodeAttributes> result)
    {
        FsError error = await SettleAsync(result.Error);
        return error == FsError.None ? result : error;
    }

    // -o dirsync: a change of a directory is durable when the call returns.
    private async ValueTask<FsError> SettleAsync(FsError error) =>
        error == FsError.None && _options.SynchronousDirectories
            ? await _fileSystem.SyncAsync(CancellationToken.None)
            : error;
}
