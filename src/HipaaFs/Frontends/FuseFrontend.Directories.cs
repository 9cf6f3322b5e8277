using System.Buffers;
using HipaaFs.Fuse;

namespace HipaaFs.Cli.Frontends;

// Open directories and their listings.
internal sealed partial class FuseFrontend
{
    private const int EntrySize = 24; // struct fuse_dirent
    private const int PlusEntrySize = 128 + EntrySize; // struct fuse_direntplus
    private const int MostItemsAtOnce = 256;
    private const int TypeShift = 12; // DT_* is the type part of the mode.

    private async ValueTask<FsError> OpenDirectoryAsync(FuseRequest request)
    {
        FsResult<HandleId> result = await _fileSystem.OpenDirectoryAsync(Inode(request), CancellationToken.None);
        if (!result.IsOk)
        {
            return result.Error;
        }

        // The kernel keeps the listing until one of its own requests changes the directory, and nobody else does.
        bool mayCache = CacheTimeOf(Inode(request)) > TimeSpan.Zero;
        request.Reply(new FuseOpenOut
        {
            Handle = result.Value.Value,
            Flags = mayCache ? FuseOpenReplyFlags.CacheDirectory | FuseOpenReplyFlags.KeepCache : FuseOpenReplyFlags.None,
        });
        return FsError.None;
    }

    private ValueTask<FsError> ReleaseDirectory(FuseRequest request) =>
        new(_fileSystem.ReleaseDirectory(new HandleId(request.Argument<FuseReleaseIn>().Handle)));

    private ValueTask<FsError> FsyncDirectory(FuseRequest request) =>
        _fileSystem.FsyncDirectoryAsync(new HandleId(request.Argument<FuseFsyncIn>().Handle), CancellationToken.None);

    private async ValueTask<FsError> ReadDirectoryAsync(FuseRequest request)
    {
        FuseReadIn read = request.Argument<FuseReadIn>();
        bool plus = request.Opcode == FuseOpcode.ReadDirPlus;
        FuseDirectoryWriter writer = request.WriteDirectory();
        DirectoryItem[] items = ArrayPool<DirectoryItem>.Shared.Rent(MostItemsAtOnce);
        try
        {
            ulong cookie = read.Offset;
            bool more = true;
            while (more)
            {
                int room = (request.AnswerSize - writer.Length) / SizeOf(plus, nameLength: 1);
                if (room == 0)
                {
                    break;
                }

                Memory<DirectoryItem> wanted = items.AsMemory(0, Math.Clamp(room, 1, MostItemsAtOnce));
                FsResult<int> result = await _fileSystem.ReadDirectoryAsync(
                    new HandleId(read.Handle), cookie, wanted, CancellationToken.None);
                if (!result.IsOk)
                {
                    // What was listed before the failure is a valid answer; the failure comes with the next request.
                    if (writer.Length == 0)
                    {
                        return result.Error;
                    }

                    break;
                }

                more = result.Value > 0 && Write(ref writer, request, wanted.Span[..result.Value], plus, ref cookie);
            }
        }
        finally
        {
            ArrayPool<DirectoryItem>.Shared.Return(items, clearArray: true);
        }

        writer.Finish();
        return FsError.None;
    }

    // Items of one cookie go into one reply or wait together: a listing that resumes after the cookie would lose the others.
    private bool Write(
        ref FuseDirectoryWriter writer, FuseRequest request, ReadOnlySpan<DirectoryItem> items, bool plus, ref ulong cookie)
    {
        for (int first = 0; first < items.Length;)
        {
            int after = first;
            int size = 0;
            while (after < items.Length && items[after].NextCookie == items[first].NextCookie)
            {
                size += SizeOf(plus, items[after].Name.Length);
                after++;
            }

            if (size > request.AnswerSize - writer.Length)
            {
                // An empty answer would mean the end of the directory.
                return writer.Length > 0
                    ? false
                    : throw new InvalidOperationException($"{after - first} entries of one cookie do not fit a reply of {request.AnswerSize} bytes");
            }

            for (; first < after; first++)
            {
                Add(ref writer, items[first], plus);
                cookie = items[first].NextCookie;
            }
        }

        return true;
    }

    private void Add(ref FuseDirectoryWriter writer, in DirectoryItem item, bool plus)
    {
        ReadOnlySpan<byte> name = item.Name.Span;
        if (!plus)
        {
            writer.TryAdd(item.Attributes.Id.Value, item.NextCookie, item.Attributes.Mode >> TypeShift, name);
            return;
        }

        FuseEntryOut entry = ToEntry(item.Attributes);
        if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
        {
            // The kernel makes no entries of the dots and never forgets them, so they are not counted either.
            entry.NodeId = 0;
        }
        else
        {
            _fileSystem.Remember(item.Attributes.Id);
        }

        writer.TryAddPlus(entry, item.NextCookie, name);
    }

    private static int SizeOf(bool plus, int nameLength) => ((plus ? PlusEntrySize : EntrySize) + nameLength + 7) & ~7;
}
