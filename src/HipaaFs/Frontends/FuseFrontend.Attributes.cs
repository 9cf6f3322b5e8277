using HipaaFs.Fuse;
using HipaaFs.Metadata;

namespace HipaaFs.Cli.Frontends;

// Attributes in both directions, extended attributes, statfs.
internal sealed partial class FuseFrontend
{
    private const uint BlockSize = 4096;
    private const FuseSetAttrValid KeptByTheKernel = FuseSetAttrValid.AccessTime | FuseSetAttrValid.ModifyTime
        | FuseSetAttrValid.ChangeTime | FuseSetAttrValid.Handle | FuseSetAttrValid.LockOwner;

    private const uint StatBlock = 512; // st_blocks counts these, whatever the block size (stat(2)).

    private async ValueTask<FsError> GetAttributesAsync(FuseRequest request)
    {
        FsResult<InodeAttributes> result = await _fileSystem.GetAttributesAsync(Inode(request), CancellationToken.None);
        return result.IsOk ? ReplyAttributes(request, result.Value) : result.Error;
    }

    private async ValueTask<FsError> GetExtendedAttributesAsync(FuseRequest request)
    {
        FsResult<InodeAttributes> result = await _fileSystem.GetAttributesAsync(Inode(request), CancellationToken.None);
        if (!result.IsOk)
        {
            return result.Error;
        }

        var reply = new FuseStatxOut { Stat = ToStatx(result.Value) };
        reply.SetTimeout(CacheTimeOf(result.Value.Id));
        request.Reply(reply);
        return FsError.None;
    }

    private async ValueTask<FsError> SetAttributesAsync(FuseRequest request)
    {
        FuseSetAttrIn set = request.Argument<FuseSetAttrIn>();
        FsResult<InodeAttributes> result = await _fileSystem.SetAttributesAsync(
            Inode(request), ToChange(set), CallerOf(request), CancellationToken.None);
        if (result.Error == FsError.NotFound && (set.Valid & ~KeptByTheKernel) == FuseSetAttrValid.None)
        {
            // A kernel that keeps times writes them back even of an inode whose last name has just gone. An error would stick to
            // the mount and fail the next syncfs(2) of somebody else.
            return ReplyAttributes(request, new InodeAttributes { Id = Inode(request) });
        }

        return result.IsOk ? ReplyAttributes(request, result.Value) : result.Error;
    }

    private AttributeChange ToChange(in FuseSetAttrIn set)
    {
        FuseSetAttrValid valid = set.Valid;
        return new AttributeChange
        {
            Mode = valid.HasFlag(FuseSetAttrValid.Mode) ? set.Mode & ModeBits.PermissionMask : null,
            UserId = valid.HasFlag(FuseSetAttrValid.Uid) ? set.Uid : null,
            GroupId = valid.HasFlag(FuseSetAttrValid.Gid) ? set.Gid : null,
            Size = valid.HasFlag(FuseSetAttrValid.Size) ? (long)set.Size : null,
            AccessTime = ToTime(valid, FuseSetAttrValid.AccessTime, FuseSetAttrValid.AccessTimeNow, set.AccessTime, set.AccessTimeNanoseconds),
            ModifyTime = ToTime(valid, FuseSetAttrValid.ModifyTime, FuseSetAttrValid.ModifyTimeNow, set.ModifyTime, set.ModifyTimeNanoseconds),
            ChangeTime = valid.HasFlag(FuseSetAttrValid.ChangeTime)
                ? Timestamp.FromUnixTime((long)set.ChangeTime, set.ChangeTimeNanoseconds)
                : null,
            KillPrivileges = valid.HasFlag(FuseSetAttrValid.KillSuidGid),
        };
    }

    private Timestamp? ToTime(FuseSetAttrValid valid, FuseSetAttrValid given, FuseSetAttrValid now, ulong seconds, uint nanoseconds)
    {
        if (valid.HasFlag(now))
        {
            return Timestamp.FromDateTimeOffset(_time.GetUtcNow());
        }

        return valid.HasFlag(given) ? Timestamp.FromUnixTime((long)seconds, nanoseconds) : null;
    }

    private FsError ReplyAttributes(FuseRequest request, in InodeAttributes attributes)
    {
        var reply = new FuseAttrOut { Attributes = ToFuse(attributes) };
        reply.SetTimeout(CacheTimeOf(attributes.Id));
        request.Reply(reply);
        return FsError.None;
    }

    // The list of snapshots changes without a request of the kernel, and with a deleted one everything in it goes.
    private TimeSpan CacheTimeOf(InodeId inode) =>
        inode.View != 0 && inode.InStore == InodeId.Root ? TimeSpan.Zero : _options.KernelCacheTime;

    // Every entry that reaches the kernel is counted before the reply leaves, since FORGET may follow at once.
    private FuseEntryOut ToEntry(in InodeAttributes attributes)
    {
        var entry = new FuseEntryOut { NodeId = attributes.Id.Value, Attributes = ToFuse(attributes) };
        TimeSpan cacheTime = CacheTimeOf(attributes.Id);
        entry.SetTimeouts(cacheTime, cacheTime);
        return entry;
    }

    private FuseAttr ToFuse(in InodeAttributes attributes) => new()
    {
        Inode = attributes.Id.Value,
        Size = (ulong)attributes.Size,
        Blocks = ((ulong)attributes.AllocatedBytes + StatBlock - 1) / StatBlock,
        AccessTime = (ulong)attributes.AccessTime.Seconds,
        ModifyTime = (ulong)attributes.ModifyTime.Seconds,
        ChangeTime = (ulong)attributes.ChangeTime.Seconds,
        AccessTimeNanoseconds = attributes.AccessTime.SubsecondNanoseconds,
        ModifyTimeNanoseconds = attributes.ModifyTime.SubsecondNanoseconds,
        ChangeTimeNanoseconds = attributes.ChangeTime.SubsecondNanoseconds,
        Mode = _options.Ownership.Show(attributes.Mode),
        LinkCount = attributes.LinkCount,
        Uid = _options.Ownership.UserId ?? attributes.Uid,
        Gid = _options.Ownership.GroupId ?? attributes.Gid,
        DeviceNumber = attributes.Device,
        BlockSize = BlockSize,
    };

    private FuseStatx ToStatx(in InodeAttributes attributes)
    {
        const uint basicStatsAndBirthTime = 0xFFF; // STATX_BASIC_STATS | STATX_BTIME
        FuseAttr shown = ToFuse(attributes);
        return new FuseStatx
        {
            Mask = basicStatsAndBirthTime,
            BlockSize = BlockSize,
            LinkCount = shown.LinkCount,
            Uid = shown.Uid,
            Gid = shown.Gid,
            Mode = (ushort)shown.Mode,
            Inode = shown.Inode,
            Size = shown.Size,
            Blocks = shown.Blocks,
            AccessTime = ToStatxTime(attributes.AccessTime),
            BirthTime = ToStatxTime(attributes.BirthTime),
            ChangeTime = ToStatxTime(attributes.ChangeTime),
            ModifyTime = ToStatxTime(attributes.ModifyTime),

            // The 32 bits of a device number as the kernel encodes it: mmmM MMmm.
            DeviceNumberMajor = (attributes.Device >> 8) & 0xFFF,
            DeviceNumberMinor = (attributes.Device & 0xFF) | ((attributes.Device >> 12) & 0xFFF00),
        };
    }

    private static FuseStatxTime ToStatxTime(Timestamp time) =>
        new() { Seconds = time.Seconds, Nanoseconds = time.SubsecondNanoseconds };

    private ValueTask<FsError> GetUsage(FuseRequest request)
    {
        FileSystemUsage usage = _fileSystem.GetUsage();
        request.Reply(new FuseStatFs
        {
            Blocks = usage.Blocks,
            BlocksFree = usage.FreeBlocks,
            BlocksAvailable = usage.FreeBlocks,
            Files = usage.Inodes,
            FilesFree = usage.FreeInodes,
            BlockSize = usage.BlockSize,
            FragmentSize = usage.BlockSize,
            NameLength = 255,
        });
        return new ValueTask<FsError>(FsError.None);
    }

    private async ValueTask<FsError> GetXattrAsync(FuseRequest request)
    {
        FsResult<byte[]> result = await _fileSystem.GetXattrAsync(Inode(request), request.Name(0).ToArray(), CancellationToken.None);
        return result.IsOk ? ReplyXattr(request, result.Value) : result.Error;
    }

    private async ValueTask<FsError> ListXattrsAsync(FuseRequest request)
    {
        FsResult<byte[]> result = await _fileSystem.ListXattrsAsync(Inode(request), CancellationToken.None);
        return result.IsOk ? ReplyXattr(request, result.Value) : result.Error;
    }

    private async ValueTask<FsError> SetXattrAsync(FuseRequest request)
    {
        const uint create = 1; // XATTR_CREATE
        const uint replace = 2; // XATTR_REPLACE
        FuseSetXattrIn set = request.Argument<FuseSetXattrIn>();
        if (HipaaFileSystem.IsTierAttribute(request.Name(0)))
        {
            return await _fileSystem.SetTierAsync(Inode(request), request.DataMemory, CallerOf(request), CancellationToken.None);
        }

        XattrMode mode = (set.Flags & create) != 0 ? XattrMode.Create
            : (set.Flags & replace) != 0 ? XattrMode.Replace : XattrMode.Any;
        return await _fileSystem.SetXattrAsync(
            Inode(request),
            request.Name(0).ToArray(),
            request.DataMemory,
            mode,
            set.SetXattrFlags.HasFlag(FuseSetXattrFlags.AclKillSgid),
            CancellationToken.None);
    }

    private ValueTask<FsError> RemoveXattrAsync(FuseRequest request) => HipaaFileSystem.IsTierAttribute(request.Name(0))
        ? _fileSystem.ReleaseTierAsync(Inode(request), CallerOf(request), CancellationToken.None)
        : _fileSystem.RemoveXattrAsync(Inode(request), request.Name(0).ToArray(), CancellationToken.None);

    // A size of 0 asks how long the value is (getxattr(2)).
    private static FsError ReplyXattr(FuseRequest request, byte[] value)
    {
        if (request.AnswerSize == 0)
        {
            request.Reply(new FuseGetXattrOut { Size = (uint)value.Length });
            return FsError.None;
        }

        if (value.Length > request.AnswerSize)
        {
            return FsError.OutOfRange;
        }

        request.Reply(value.AsSpan());
        return FsError.None;
    }
}
