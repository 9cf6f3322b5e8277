using System.Text;
using HipaaFs.Fuse;

namespace HipaaFs.Benchmarks.NullFileSystem;

/// <summary>A file system with one file, <c>null</c>, whose content is what the reply buffer holds: the price of the request loop alone.</summary>
internal sealed class NullFileSystem : IFuseHandler
{
    internal const ulong FileSize = 8UL << 30;
    private const byte Content = 1;
    private const ulong RootNode = 1;
    private const ulong FileNode = 2;
    private const uint DirectoryMode = 0x41ED; // 040755
    private const uint FileMode = 0x81A4; // 0100644

    private static readonly byte[] FileName = Encoding.ASCII.GetBytes("null");
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public ValueTask ServeAsync(FuseRequest request)
    {
        request.Complete(Serve(request));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Initialized(FuseNegotiated negotiated)
    {
    }

    /// <inheritdoc/>
    public void Destroyed()
    {
    }

    private static int Serve(FuseRequest request)
    {
        switch (request.Opcode)
        {
            case FuseOpcode.Read:
                return Read(request);
            case FuseOpcode.Lookup:
                return Lookup(request);
            case FuseOpcode.GetAttr:
                var attributes = new FuseAttrOut { Attributes = AttributesOf(request.NodeId) };
                attributes.SetTimeout(Validity);
                request.Reply(attributes);
                return 0;
            case FuseOpcode.Open:
            case FuseOpcode.OpenDir:
                request.Reply(new FuseOpenOut { Flags = FuseOpenReplyFlags.KeepCache });
                return 0;
            case FuseOpcode.ReadDir:
                return ReadDirectory(request);
            case FuseOpcode.StatFs:
                request.Reply(new FuseStatFs { BlockSize = 4096, FragmentSize = 4096, NameLength = 255 });
                return 0;
            case FuseOpcode.Flush:
            case FuseOpcode.Release:
            case FuseOpcode.ReleaseDir:
            case FuseOpcode.Forget:
            case FuseOpcode.BatchForget:
                return 0;
            default:
                return Errno.ENOSYS;
        }
    }

    private static int Read(FuseRequest request)
    {
        int size = (int)request.Argument<FuseReadIn>().Size;
        Span<byte> content = request.ReservePayloadSpan(size);
        if (content[^1] != Content)
        {
            // Once for each buffer: the kernel reads memory that was never written in a slow way of its own.
            content.Fill(Content);
        }

        request.SetPayloadLength(size);
        return 0;
    }

    private static int Lookup(FuseRequest request)
    {
        if (request.NodeId != RootNode || !request.Name(0).SequenceEqual(FileName))
        {
            return Errno.ENOENT;
        }

        var entry = new FuseEntryOut { NodeId = FileNode, Attributes = AttributesOf(FileNode) };
        entry.SetTimeouts(Validity, Validity);
        request.Reply(entry);
        return 0;
    }

    private static int ReadDirectory(FuseRequest request)
    {
        FuseDirectoryWriter writer = request.WriteDirectory();
        if (request.Argument<FuseReadIn>().Offset == 0)
        {
            writer.TryAdd(FileNode, 1, FileMode >> 12, FileName);
        }

        writer.Finish();
        return 0;
    }

    private static FuseAttr AttributesOf(ulong node)
    {
        bool isRoot = node == RootNode;
        return new FuseAttr
        {
            Inode = node,
            Mode = isRoot ? DirectoryMode : FileMode,
            LinkCount = 1,
            Size = isRoot ? 0 : FileSize,
            BlockSize = 4096,
        };
    }
}
