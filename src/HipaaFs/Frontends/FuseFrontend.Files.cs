using HipaaFs.Fuse;

namespace HipaaFs.Cli.Frontends;

// Open files: opening, bytes, holes, durability.
internal sealed partial class FuseFrontend
{
    private const int SmallRead = 64 << 10;

    private async ValueTask<FsError> OpenAsync(FuseRequest request)
    {
        FuseOpenIn open = request.Argument<FuseOpenIn>();
        FsResult<OpenedFile> result = await _fileSystem.OpenAsync(
            Inode(request), ToOpenFlags(open.Flags, open.OpenFlags), CallerOf(request), request.Interrupted);
        if (!result.IsOk)
        {
            return result.Error;
        }

        request.Reply(new FuseOpenOut
        {
            Handle = result.Value.Handle.Value,
            Flags = (result.Value.KeepPageCache ? FuseOpenReplyFlags.KeepCache : FuseOpenReplyFlags.None) | (result.Value.IsDirect ? FuseOpenReplyFlags.DirectIo : FuseOpenReplyFlags.None),
        });
        return FsError.None;
    }

    private async ValueTask<FsError> CreateAsync(FuseRequest request)
    {
        FuseCreateIn create = request.Argument<FuseCreateIn>();
        FsResult<CreatedFile> result = await _fileSystem.CreateAsync(
            Inode(request),
            request.Name(0),
            new CreationMode(create.Mode, create.Umask, 0),
            ToOpenFlags(create.Flags, create.OpenFlags),
            CallerOf(request),
            CancellationToken.None);
        return await ReplyCreatedAsync(request, result);
    }

    private async ValueTask<FsError> CreateTemporaryAsync(FuseRequest request)
    {
        FuseCreateIn create = request.Argument<FuseCreateIn>();
        FsResult<CreatedFile> result = await _fileSystem.CreateTemporaryAsync(
            Inode(request),
            new CreationMode(create.Mode, create.Umask, 0),
            ToOpenFlags(create.Flags, create.OpenFlags),
            CallerOf(request),
            CancellationToken.None);
        return await ReplyCreatedAsync(request, result);
    }

    private async ValueTask<FsError> ReplyCreatedAsync(FuseRequest request, FsResult<CreatedFile> result)
    {
        if (!result.IsOk)
        {
            return result.Error;
        }

        CreatedFile created = result.Value;
        FsError settled = await SettleAsync(FsError.None);
        if (settled != FsError.None)
        {
            await _fileSystem.ReleaseAsync(created.Handle);
            return settled;
        }

        _fileSystem.Remember(created.Attributes.Id);
        request.Reply(
            ToEntry(created.Attributes),
            new FuseOpenOut { Handle = created.Handle.Value, Flags = FuseOpenReplyFlags.KeepCache });
        return FsError.None;
    }

    private async ValueTask<FsError> ReleaseAsync(FuseRequest request) =>
        await _fileSystem.ReleaseAsync(new HandleId(request.Argument<FuseReleaseIn>().Handle));

    // A small read waits for the local disk right here, as long as somebody reads the next requests: another thread would only make it later.
    // The plaintext is decrypted straight into the reply, so a cached read copies each byte once. What is at hand is answered without asking for
    // the token of an interruption, which would be allocated.
    private ValueTask<FsError> ReadAsync(FuseRequest request)
    {
        ref readonly FuseReadIn read = ref request.Argument<FuseReadIn>();
        Memory<byte> payload = request.ReservePayload((int)read.Size);
        var handle = new HandleId(read.Handle);
        long offset = (long)read.Offset;
        if (!_fileSystem.TryRead(handle, offset, payload, payload.Length <= SmallRead ? _mayBlock : null, out FsResult<int> result))
        {
            // With an owner it is a program's read(2), and not one for the page cache.
            return ReadSlowlyAsync(request, handle, offset, payload, read.ReadFlags.HasFlag(FuseReadFlags.LockOwner));
        }

        request.SetPayloadLength(result.Value);
        return new ValueTask<FsError>(FsError.None);
    }

    private async ValueTask<FsError> ReadSlowlyAsync(FuseRequest request, HandleId handle, long offset, Memory<byte> payload, bool isForProgram)
    {
        FsResult<int> result = await (isForProgram
            ? _fileSystem.ReadWithinReachAsync(handle, offset, payload, request.Interrupted)
            : _fileSystem.ReadPagesAsync(handle, offset, payload, request.Interrupted));
        if (!result.IsOk)
        {
            return result.Error;
        }

        request.SetPayloadLength(result.Value);
        return FsError.None;
    }

    private ValueTask<FsError> WriteAsync(FuseRequest request)
    {
        ref readonly FuseWriteIn write = ref request.Argument<FuseWriteIn>();
        WriteOrigin origin = (write.WriteFlags & FuseWriteFlags.Cache) != 0 ? WriteOrigin.PageCache : WriteOrigin.Direct;
        if ((write.WriteFlags & FuseWriteFlags.KillSuidGid) != 0)
        {
            origin |= WriteOrigin.KillPrivileges;
        }

        var handle = new HandleId(write.Handle);
        if (!_fileSystem.TryWrite(handle, (long)write.Offset, request.Data, origin))
        {
            return WriteSlowlyAsync(request, handle, (long)write.Offset, origin);
        }

        request.Reply(new FuseWriteOut { Size = (uint)request.Data.Length });
        return new ValueTask<FsError>(FsError.None);
    }

    private async ValueTask<FsError> WriteSlowlyAsync(FuseRequest request, HandleId handle, long offset, WriteOrigin origin)
    {
        FsResult<int> result = await _fileSystem.WriteAsync(handle, offset, request.DataMemory, origin, request.Interrupted);
        if (!result.IsOk)
        {
            return result.Error;
        }

        request.Reply(new FuseWriteOut { Size = (uint)result.Value });
        return FsError.None;
    }

    private ValueTask<FsError> FsyncAsync(FuseRequest request)
    {
        FuseFsyncIn fsync = request.Argument<FuseFsyncIn>();
        return _fileSystem.FsyncAsync(
            new HandleId(fsync.Handle), fsync.Flags.HasFlag(FuseFsyncFlags.DataOnly), request.Interrupted);
    }

    private async ValueTask<FsError> SeekAsync(FuseRequest request)
    {
        const uint seekData = 3; // SEEK_DATA
        const uint seekHole = 4; // SEEK_HOLE
        FuseLseekIn seek = request.Argument<FuseLseekIn>();
        if (seek.Whence is not (seekData or seekHole))
        {
            return FsError.InvalidArgument;
        }

        FsResult<long> result = await _fileSystem.SeekAsync(
            new HandleId(seek.Handle), (long)seek.Offset, seek.Whence == seekHole, request.Interrupted);
        if (!result.IsOk)
        {
            return result.Error;
        }

        request.Reply(new FuseLseekOut { Offset = (ulong)result.Value });
        return FsError.None;
    }

    private async ValueTask<FsError> AllocateAsync(FuseRequest request)
    {
        FuseFallocateIn allocate = request.Argument<FuseFallocateIn>();
        if (ToAllocateMode(allocate.Mode) is not { } mode)
        {
            return FsError.NotSupported;
        }

        var handle = new HandleId(allocate.Handle);
        FsError error = await _fileSystem.KillPrivilegesAsync(handle, CallerOf(request), request.Interrupted);
        return error == FsError.None
            ? await _fileSystem.AllocateAsync(handle, mode, (long)allocate.Offset, (long)allocate.Length, request.Interrupted)
            : error;
    }

    // FALLOC_FL_KEEP_SIZE 1, FALLOC_FL_PUNCH_HOLE 2, FALLOC_FL_ZERO_RANGE 16.
    private static AllocateMode? ToAllocateMode(uint mode) => mode switch
    {
        0 => AllocateMode.Allocate,
        1 => AllocateMode.AllocateKeepSize,
        3 => AllocateMode.PunchHole,
        16 => AllocateMode.ZeroRange,
        17 => AllocateMode.ZeroRangeKeepSize,
        _ => null,
    };

    private async ValueTask<FsError> CopyRangeAsync(FuseRequest request)
    {
        const ulong mostInOneReply = 1UL << 30; // The older reply counts in 32 bits.
        FuseCopyFileRangeIn copy = request.Argument<FuseCopyFileRangeIn>();
        bool wide = request.Opcode == FuseOpcode.CopyFileRange64;
        long length = (long)(wide ? Math.Min(copy.Length, long.MaxValue) : Math.Min(copy.Length, mostInOneReply));
        FsError error = await _fileSystem.KillPrivilegesAsync(new HandleId(copy.HandleOut), CallerOf(request), request.Interrupted);
        if (error != FsError.None)
        {
            return error;
        }

        FsResult<long> result = await _fileSystem.CopyRangeAsync(
            new HandleId(copy.HandleIn),
            (long)copy.OffsetIn,
            new HandleId(copy.HandleOut),
            (long)copy.OffsetOut,
            length,
            request.Interrupted);
        if (!result.IsOk)
        {
            return result.Error;
        }

        if (wide)
        {
            request.Reply(new FuseCopyFileRangeOut { BytesCopied = (ulong)result.Value });
        }
        else
        {
            request.Reply(new FuseWriteOut { Size = (uint)result.Value });
        }

        return FsError.None;
    }

    private OpenFlags ToOpenFlags(uint flags, FuseOpenRequestFlags requestFlags) =>
        LinuxOpenFlags.Read(flags, requestFlags.HasFlag(FuseOpenRequestFlags.KillSuidGid), _writeBack);
}
