using System.Text;

namespace HipaaFs.Fuse.Tests.Mounts;

/// <summary>A small writable file system in memory, enough for the tools of a shell. Opening the file <c>hang</c> waits until it is interrupted;
/// opening <c>block</c> blocks its request thread until <c>release</c> is opened; every other READ suspends.</summary>
internal sealed class MemoryFileSystem : IFuseHandler
{
    private const uint DirectoryBits = 0x4000;
    private const uint LinkBits = 0xA000;
    private const string Hanging = "hang";
    private const ulong BlockingNode = 3;
    private const ulong ReleasingNode = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, MemoryNode> _nodes = []; // This and the rest guarded by _lock.
    private readonly HashSet<ulong> _hanging = [];
    private readonly TaskCompletionSource _released = new();
    private ulong _lastId = 1;

    internal MemoryFileSystem()
    {
        _nodes[1] = new MemoryNode(1, DirectoryBits | 0x1FF);
        Create(_nodes[1], Hanging, 0x81B6);
        Create(_nodes[1], "block", 0x81B6);
        Create(_nodes[1], "release", 0x81B6);
    }

    internal static string ReadyLine => "ready";

    /// <summary>Said when an opening of <c>hang</c> has begun to wait.</summary>
    internal static string HangingLine => "hanging";

    public async ValueTask ServeAsync(FuseRequest request)
    {
        if (request.Opcode == FuseOpcode.Open && IsHanging(request.NodeId))
        {
            Console.WriteLine(HangingLine);
            await Task.Delay(Timeout.Infinite, request.Interrupted).ContinueWith(_ => { }, TaskScheduler.Default);
            request.Complete(Errno.EINTR);
            return;
        }

        if (request.Opcode == FuseOpcode.Open && request.NodeId == ReleasingNode)
        {
            _released.TrySetResult();
        }

        if (request.Opcode == FuseOpcode.Open && request.NodeId == BlockingNode)
        {
            _released.Task.Wait();
        }

        if (request.Opcode == FuseOpcode.Read && request.Unique % 4 == 0)
        {
            await Task.Yield();
        }

        int errno;
        lock (_lock)
        {
            errno = Serve(request);
        }

        request.Complete(errno);
    }

    public void Initialized(FuseNegotiated negotiated)
    {
        Console.WriteLine(negotiated);
    }

    public void Destroyed()
    {
        Console.WriteLine("destroyed");
    }

    private bool IsHanging(ulong node)
    {
        lock (_lock)
        {
            return _hanging.Contains(node);
        }
    }

    private int Serve(FuseRequest request)
    {
        if (request.Opcode is FuseOpcode.Forget or FuseOpcode.BatchForget)
        {
            return 0;
        }

        if (!_nodes.TryGetValue(request.NodeId, out MemoryNode? node))
        {
            return Errno.ESTALE;
        }

        return request.Opcode switch
        {
            FuseOpcode.Lookup => Lookup(request, node),
            FuseOpcode.GetAttr => ReplyAttributes(request, node),
            FuseOpcode.SetAttr => SetAttributes(request, node),
            FuseOpcode.MkDir => ReplyEntry(request, Create(node, NameOf(request, 0), DirectoryBits | request.Argument<FuseMkDirIn>().Mode)),
            FuseOpcode.SymLink => SymLink(request, node),
            FuseOpcode.ReadLink => ReplyBytes(request, node.Content),
            FuseOpcode.Create => CreateFile(request, node),
            FuseOpcode.Open or FuseOpcode.OpenDir => ReplyOpen(request),
            FuseOpcode.Read => Read(request, node),
            FuseOpcode.Write => Write(request, node),
            FuseOpcode.ReadDir or FuseOpcode.ReadDirPlus => ReadDirectory(request, node),
            FuseOpcode.Unlink or FuseOpcode.RmDir => Remove(request, node),
            FuseOpcode.Rename2 or FuseOpcode.Rename => Rename(request, node),
            FuseOpcode.GetXattr => GetAttribute(request, node),
            FuseOpcode.SetXattr => SetAttribute(request, node),
            FuseOpcode.ListXattr => ListAttributes(request, node),
            FuseOpcode.StatFs => ReplyStatistics(request),
            FuseOpcode.Flush or FuseOpcode.Release or FuseOpcode.ReleaseDir or FuseOpcode.Fsync or FuseOpcode.FsyncDir => 0,
            _ => Errno.ENOSYS,
        };
    }

    private MemoryNode Create(MemoryNode parent, string name, uint mode)
    {
        _lastId++;
        var node = new MemoryNode(_lastId, mode);
        _nodes[node.Id] = node;
        parent.Children[name] = node;
        if (name == Hanging)
        {
            _hanging.Add(node.Id);
        }

        return node;
    }

    private static int Lookup(FuseRequest request, MemoryNode parent)
    {
        return parent.Children.TryGetValue(NameOf(request, 0), out MemoryNode? found) ? ReplyEntry(request, found) : Errno.ENOENT;
    }

    private static int SetAttributes(FuseRequest request, MemoryNode node)
    {
        FuseSetAttrIn change = request.Argument<FuseSetAttrIn>();
        if (change.Valid.HasFlag(FuseSetAttrValid.Size))
        {
            byte[] content = node.Content;
            Array.Resize(ref content, (int)change.Size);
            node.Content = content;
        }

        node.Mode = change.Valid.HasFlag(FuseSetAttrValid.Mode) ? change.Mode : node.Mode;
        node.Uid = change.Valid.HasFlag(FuseSetAttrValid.Uid) ? change.Uid : node.Uid;
        node.Gid = change.Valid.HasFlag(FuseSetAttrValid.Gid) ? change.Gid : node.Gid;
        node.Time = change.Valid.HasFlag(FuseSetAttrValid.ModifyTime) ? change.ModifyTime : node.Time;
        return ReplyAttributes(request, node);
    }

    private int SymLink(FuseRequest request, MemoryNode parent)
    {
        MemoryNode link = Create(parent, NameOf(request, 0), LinkBits | 0x1FF);
        link.Content = request.Name(1).ToArray();
        return ReplyEntry(request, link);
    }

    private int CreateFile(FuseRequest request, MemoryNode parent)
    {
        MemoryNode node = Create(parent, NameOf(request, 0), request.Argument<FuseCreateIn>().Mode);
        node.Uid = request.Uid;
        node.Gid = request.Gid;
        request.Reply(EntryOf(node), default(FuseOpenOut));
        return 0;
    }

    private static int Read(FuseRequest request, MemoryNode node)
    {
        FuseReadIn read = request.Argument<FuseReadIn>();
        int start = (int)Math.Min(read.Offset, (ulong)node.Content.Length);
        int length = (int)Math.Min(read.Size, (uint)(node.Content.Length - start));
        Memory<byte> payload = request.ReservePayload(length);
        node.Content.AsSpan(start, length).CopyTo(payload.Span);
        request.SetPayloadLength(length);
        return 0;
    }

    private static int Write(FuseRequest request, MemoryNode node)
    {
        ulong offset = request.Argument<FuseWriteIn>().Offset;
        byte[] content = node.Content;
        int end = (int)offset + request.Data.Length;
        if (end > content.Length)
        {
            Array.Resize(ref content, end);
            node.Content = content;
        }

        request.Data.CopyTo(content.AsSpan((int)offset));
        request.Reply(new FuseWriteOut { Size = (uint)request.Data.Length });
        return 0;
    }

    private static int ReadDirectory(FuseRequest request, MemoryNode node)
    {
        FuseDirectoryWriter writer = request.WriteDirectory();
        ulong offset = 0;
        foreach ((string name, MemoryNode child) in node.Children)
        {
            offset++;
            byte[] bytes = Encoding.UTF8.GetBytes(name);
            if (offset <= request.Argument<FuseReadIn>().Offset)
            {
                continue;
            }

            bool added = request.Opcode == FuseOpcode.ReadDirPlus
                ? writer.TryAddPlus(EntryOf(child), offset, bytes)
                : writer.TryAdd(child.Id, offset, child.Mode >> 12, bytes);
            if (!added)
            {
                break;
            }
        }

        writer.Finish();
        return 0;
    }

    private static int Remove(FuseRequest request, MemoryNode parent)
    {
        string name = NameOf(request, 0);
        if (!parent.Children.TryGetValue(name, out MemoryNode? node))
        {
            return Errno.ENOENT;
        }

        if (request.Opcode == FuseOpcode.RmDir && node.Children.Count > 0)
        {
            return Errno.ENOTEMPTY;
        }

        parent.Children.Remove(name);
        return 0;
    }

    private int Rename(FuseRequest request, MemoryNode parent)
    {
        ulong target = request.Opcode == FuseOpcode.Rename2
            ? request.Argument<FuseRename2In>().NewParent
            : request.Argument<FuseRenameIn>().NewParent;
        if (!parent.Children.Remove(NameOf(request, 0), out MemoryNode? node))
        {
            return Errno.ENOENT;
        }

        _nodes[target].Children[NameOf(request, 1)] = node;
        return 0;
    }

    private static int GetAttribute(FuseRequest request, MemoryNode node)
    {
        return node.Attributes.TryGetValue(NameOf(request, 0), out byte[]? value) ? ReplyXattr(request, value) : Errno.ENODATA;
    }

    private static int SetAttribute(FuseRequest request, MemoryNode node)
    {
        node.Attributes[NameOf(request, 0)] = request.Data.ToArray();
        return 0;
    }

    private static int ListAttributes(FuseRequest request, MemoryNode node)
    {
        return ReplyXattr(request, Encoding.UTF8.GetBytes(string.Concat(node.Attributes.Keys.Select(key => key + "\0"))));
    }

    private static int ReplyXattr(FuseRequest request, byte[] value)
    {
        if (request.AnswerSize == 0)
        {
            request.Reply(new FuseGetXattrOut { Size = (uint)value.Length });
            return 0;
        }

        return request.AnswerSize < value.Length ? Errno.ERANGE : ReplyBytes(request, value);
    }

    private static int ReplyBytes(FuseRequest request, byte[] value)
    {
        request.Reply(value.AsSpan());
        return 0;
    }

    private static int ReplyStatistics(FuseRequest request)
    {
        request.Reply(new FuseStatFs { BlockSize = 4096, FragmentSize = 4096, NameLength = 255, Blocks = 1000, BlocksFree = 500, BlocksAvailable = 500 });
        return 0;
    }

    private static int ReplyOpen(FuseRequest request)
    {
        request.Reply(default(FuseOpenOut));
        return 0;
    }

    private static int ReplyEntry(FuseRequest request, MemoryNode node)
    {
        request.Reply(EntryOf(node));
        return 0;
    }

    private static int ReplyAttributes(FuseRequest request, MemoryNode node)
    {
        var answer = new FuseAttrOut { Attributes = AttributesOf(node) };
        answer.SetTimeout(TimeSpan.FromSeconds(1));
        request.Reply(answer);
        return 0;
    }

    private static FuseEntryOut EntryOf(MemoryNode node)
    {
        var entry = new FuseEntryOut { NodeId = node.Id, Attributes = AttributesOf(node) };
        entry.SetTimeouts(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        return entry;
    }

    private static FuseAttr AttributesOf(MemoryNode node)
    {
        return new FuseAttr
        {
            Inode = node.Id,
            Mode = node.Mode,
            Uid = node.Uid,
            Gid = node.Gid,
            LinkCount = node.IsDirectory ? 2U : 1U,
            Size = (ulong)node.Content.Length,
            ModifyTime = node.Time,
            BlockSize = 4096,
        };
    }

    private static string NameOf(FuseRequest request, int index) => Encoding.UTF8.GetString(request.Name(index));
}
