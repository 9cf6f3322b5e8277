using System.Text;
using HipaaFs.FaultFs.Disk;
using HipaaFs.Fuse;

namespace HipaaFs.FaultFs;

/// <summary>Serves a fault disk to the kernel.</summary>
/// <remarks>
/// Every write(2) arrives at once, whole and in order: files are opened past the kernel's page cache, which would split it. Only what SQLite
/// maps, the file <c>-shm</c> beside its log, is in that cache. Locks are the kernel's.
/// </remarks>
internal sealed class FaultFileSystem : IFuseHandler
{
    private const uint Truncating = 0x200; // O_TRUNC
    private const uint DirectoryType = 0x4000;
    private const uint FileType = 0x8000;
    private const ulong BlocksOfDisk = 4UL << 20;

    private static readonly TimeSpan NameValidity = TimeSpan.FromHours(1);

    private readonly FaultDisk _disk;

    internal FaultFileSystem(FaultDisk disk) => _disk = disk;

    /// <summary>What to ask of the kernel.</summary>
    internal static FuseCapabilities Capabilities => FuseCapabilities.AsyncRead | FuseCapabilities.AtomicTruncate | FuseCapabilities.DontMask;

    public async ValueTask ServeAsync(FuseRequest request)
    {
        if (request.Opcode == FuseOpcode.Write)
        {
            await TurnAsync(request);
        }

        ServeNow(request);
    }

    public void Initialized(FuseNegotiated negotiated)
    {
    }

    public void Destroyed()
    {
    }

    private Task TurnAsync(FuseRequest request)
    {
        lock (_disk.Gate)
        {
            return _disk.Pace.EnterAsync(_disk.NodeOf((int)request.NodeId).Path, request.Data.Length);
        }
    }

    private void ServeNow(FuseRequest request)
    {
        int errno = 0;
        if (request.Opcode is not (FuseOpcode.Forget or FuseOpcode.BatchForget))
        {
            lock (_disk.Gate)
            {
                errno = Serve(request, _disk.NodeOf((int)request.NodeId));
            }
        }

        request.Complete(errno);
    }

    private int Serve(FuseRequest request, DiskNode node) => request.Opcode switch
    {
        FuseOpcode.Lookup => ReplyEntry(request, _disk.Find(node, NameOf(request, 0))),
        FuseOpcode.GetAttr => ReplyAttributes(request, node),
        FuseOpcode.SetAttr => SetAttributes(request, node),
        FuseOpcode.Create => Create(request, node),
        FuseOpcode.MkDir => MakeDirectory(request, node),
        FuseOpcode.Unlink or FuseOpcode.RmDir => _disk.Remove(node, NameOf(request, 0), request.Opcode == FuseOpcode.RmDir),
        FuseOpcode.Rename => Rename(request, node, request.Argument<FuseRenameIn>().NewParent, 0),
        FuseOpcode.Rename2 => Rename(request, node, request.Argument<FuseRename2In>().NewParent, request.Argument<FuseRename2In>().Flags),
        FuseOpcode.Link => Link(request, node),
        FuseOpcode.Open => Open(request, node),
        FuseOpcode.OpenDir => ReplyOpen(request, node),
        FuseOpcode.Read => Read(request, node),
        FuseOpcode.Write => Write(request, node),
        FuseOpcode.Fallocate => Allocate(request, node),
        FuseOpcode.Fsync or FuseOpcode.FsyncDir => _disk.Sync(node, request.Argument<FuseFsyncIn>().Flags.HasFlag(FuseFsyncFlags.DataOnly)),
        FuseOpcode.ReadDir => ReadDirectory(request, node),
        FuseOpcode.StatFs => ReplyStatistics(request),
        FuseOpcode.Flush or FuseOpcode.Release or FuseOpcode.ReleaseDir => 0,
        _ => Errno.ENOSYS,
    };

    private int SetAttributes(FuseRequest request, DiskNode node)
    {
        FuseSetAttrIn change = request.Argument<FuseSetAttrIn>();
        if (change.Valid.HasFlag(FuseSetAttrValid.Size))
        {
            int errno = _disk.Truncate(node, (long)change.Size);
            if (errno != 0)
            {
                return errno;
            }
        }

        node.Mode = change.Valid.HasFlag(FuseSetAttrValid.Mode) ? (node.Mode & 0xF000) | (change.Mode & 0xFFF) : node.Mode;
        node.Uid = change.Valid.HasFlag(FuseSetAttrValid.Uid) ? change.Uid : node.Uid;
        node.Gid = change.Valid.HasFlag(FuseSetAttrValid.Gid) ? change.Gid : node.Gid;
        if (change.Valid.HasFlag(FuseSetAttrValid.ModifyTimeNow))
        {
            _disk.Touch(node);
        }
        else if (change.Valid.HasFlag(FuseSetAttrValid.ModifyTime))
        {
            FaultDisk.SetModified(node, ((long)change.ModifyTime * 1_000_000_000) + change.ModifyTimeNanoseconds);
        }

        return ReplyAttributes(request, node);
    }

    private int Create(FuseRequest request, DiskNode parent)
    {
        FuseCreateIn create = request.Argument<FuseCreateIn>();
        uint mode = FileType | (create.Mode & ~create.Umask & 0xFFF);
        int errno = _disk.Create(parent, NameOf(request, 0), mode, request.Uid, request.Gid, out DiskNode created);
        if (errno == 0)
        {
            request.Reply(EntryOf(created), OpenedAs(created));
        }

        return errno;
    }

    private int MakeDirectory(FuseRequest request, DiskNode parent)
    {
        FuseMkDirIn make = request.Argument<FuseMkDirIn>();
        uint mode = DirectoryType | (make.Mode & ~make.Umask & 0xFFF);
        int errno = _disk.Create(parent, NameOf(request, 0), mode, request.Uid, request.Gid, out DiskNode created);
        return errno != 0 ? errno : ReplyEntry(request, created);
    }

    private int Rename(FuseRequest request, DiskNode parent, ulong newParent, uint flags) =>
        _disk.Rename(parent, NameOf(request, 0), _disk.NodeOf((int)newParent), NameOf(request, 1), flags);

    private int Link(FuseRequest request, DiskNode parent)
    {
        DiskNode node = _disk.NodeOf((int)request.Argument<FuseLinkIn>().OldNodeId);
        int errno = _disk.Link(node, parent, NameOf(request, 0));
        return errno != 0 ? errno : ReplyEntry(request, node);
    }

    private int Open(FuseRequest request, DiskNode node)
    {
        int errno = (request.Argument<FuseOpenIn>().Flags & Truncating) != 0 ? _disk.Truncate(node, 0) : 0;
        return errno != 0 ? errno : ReplyOpen(request, node);
    }

    private int Read(FuseRequest request, DiskNode node)
    {
        FuseReadIn read = request.Argument<FuseReadIn>();
        int length = (int)Math.Clamp(node.Content.Length - (long)read.Offset, 0, read.Size);
        int errno = _disk.Read(node, (long)read.Offset, request.ReservePayloadSpan(length));
        if (errno == 0)
        {
            request.SetPayloadLength(length);
        }

        return errno;
    }

    private int Write(FuseRequest request, DiskNode node)
    {
        int errno = _disk.Write(node, (long)request.Argument<FuseWriteIn>().Offset, request.Data);
        if (errno == 0)
        {
            request.Reply(new FuseWriteOut { Size = (uint)request.Data.Length });
        }

        return errno;
    }

    private int Allocate(FuseRequest request, DiskNode node)
    {
        FuseFallocateIn allocate = request.Argument<FuseFallocateIn>();
        return _disk.Allocate(node, allocate.Mode, (long)allocate.Offset, (long)allocate.Length);
    }

    private int ReadDirectory(FuseRequest request, DiskNode node)
    {
        FuseDirectoryWriter writer = request.WriteDirectory();
        ulong after = request.Argument<FuseReadIn>().Offset;
        foreach ((long cookie, (string name, int id)) in node.Entries)
        {
            if ((ulong)cookie > after && !writer.TryAdd((ulong)id, (ulong)cookie, _disk.NodeOf(id).Mode >> 12, Encoding.Latin1.GetBytes(name)))
            {
                break;
            }
        }

        writer.Finish();
        return 0;
    }

    private static int ReplyStatistics(FuseRequest request)
    {
        request.Reply(new FuseStatFs
        {
            BlockSize = 4096,
            FragmentSize = 4096,
            NameLength = 255,
            Blocks = BlocksOfDisk,
            BlocksFree = BlocksOfDisk,
            BlocksAvailable = BlocksOfDisk,
        });
        return 0;
    }

    private static int ReplyOpen(FuseRequest request, DiskNode node)
    {
        request.Reply(OpenedAs(node));
        return 0;
    }

    private static FuseOpenOut OpenedAs(DiskNode node)
    {
        bool mapped = node.IsDirectory || node.Path.EndsWith("-shm", StringComparison.Ordinal);
        return new FuseOpenOut { Flags = mapped ? FuseOpenReplyFlags.KeepCache : FuseOpenReplyFlags.DirectIo };
    }

    private static int ReplyEntry(FuseRequest request, DiskNode? node)
    {
        if (node is null)
        {
            return Errno.ENOENT;
        }

        request.Reply(EntryOf(node));
        return 0;
    }

    private static int ReplyAttributes(FuseRequest request, DiskNode node)
    {
        request.Reply(new FuseAttrOut { Attributes = AttributesOf(node) });
        return 0;
    }

    private static FuseEntryOut EntryOf(DiskNode node)
    {
        var entry = new FuseEntryOut { NodeId = (ulong)node.Id, Attributes = AttributesOf(node) };
        entry.SetTimeouts(NameValidity, TimeSpan.Zero);
        return entry;
    }

    private static FuseAttr AttributesOf(DiskNode node)
    {
        (long seconds, long nanoseconds) = Math.DivRem(node.ModifiedNanoseconds, 1_000_000_000);
        return new FuseAttr
        {
            Inode = (ulong)node.Id,
            Mode = node.Mode,
            Uid = node.Uid,
            Gid = node.Gid,
            LinkCount = node.IsDirectory ? 2 : (uint)node.Links,
            Size = (ulong)node.Content.Length,
            Blocks = (ulong)node.Content.Allocated / 512,
            ModifyTime = (ulong)seconds,
            ModifyTimeNanoseconds = (uint)nanoseconds,
            ChangeTime = (ulong)seconds,
            ChangeTimeNanoseconds = (uint)nanoseconds,
            BlockSize = 4096,
        };
    }

    private static string NameOf(FuseRequest request, int index) => Encoding.Latin1.GetString(request.Name(index));
}
