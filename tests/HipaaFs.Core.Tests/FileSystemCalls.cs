using System.Security.Cryptography;
using System.Text;
using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests;

/// <summary>What a program would do with a mount, in calls of the file system.</summary>
internal static class FileSystemCalls
{
    public const uint FileMode = ModeBits.File | 0x1B6;

    public static Caller Someone { get; } = new(1000, 1000, 1);

    public static byte[] Bytes(string name) => Encoding.UTF8.GetBytes(name);

    public static byte[] RandomBytes(int length, int seed)
    {
        byte[] content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    /// <summary>Compares long contents without printing them.</summary>
    public static void AssertSame(byte[] expected, byte[] actual, string what = "content") =>
        Assert.True(expected.AsSpan().SequenceEqual(actual), $"{what} differs at {expected.AsSpan().CommonPrefixLength(actual)}, lengths {expected.Length} and {actual.Length}");

    public static T Ok<T>(this FsResult<T> result)
    {
        Assert.Equal(FsError.None, result.Error);
        return result.Value;
    }

    public static async Task<T> Ok<T>(this ValueTask<FsResult<T>> result) => (await result).Ok();

    public static async Task Ok(this ValueTask<FsError> result) => Assert.Equal(FsError.None, await result);

    public static async Task<InodeAttributes> LookupAsync(this HipaaFileSystem files, string path)
    {
        InodeAttributes found = await files.GetAttributesAsync(InodeId.Root, default).Ok();
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            found = await files.LookupAsync(found.Id, Bytes(name), default).Ok();
        }

        return found;
    }

    public static async Task<bool> ExistsAsync(this HipaaFileSystem files, string name) =>
        (await files.LookupAsync(InodeId.Root, Bytes(name), default)).IsOk;

    public static Task<CreatedFile> CreateAsync(this HipaaFileSystem files, string name, InodeId? parent = null, OpenFlags flags = OpenFlags.Read | OpenFlags.Write) =>
        files.CreateAsync(parent ?? InodeId.Root, Bytes(name), new CreationMode(FileMode, 0x12, 0), flags, Someone, default).Ok();

    public static Task<InodeAttributes> MakeDirectoryAsync(this HipaaFileSystem files, string name, InodeId? parent = null) =>
        files.MakeDirectoryAsync(parent ?? InodeId.Root, Bytes(name), new CreationMode(0x1FF, 0x12, 0), Someone, default).Ok();

    public static async Task<HandleId> OpenAsync(this HipaaFileSystem files, string path, OpenFlags flags = OpenFlags.Read | OpenFlags.Write)
    {
        InodeAttributes inode = await files.LookupAsync(path);
        return (await files.OpenAsync(inode.Id, flags, Someone, default).Ok()).Handle;
    }

    public static async Task WriteAsync(this HipaaFileSystem files, HandleId handle, long offset, byte[] content)
    {
        const int request = 1 << 20;
        for (int done = 0; done < content.Length; done += request)
        {
            int length = Math.Min(request, content.Length - done);
            Assert.Equal(length, await files.WriteAsync(handle, offset + done, content.AsMemory(done, length), WriteOrigin.Direct, default).Ok());
        }
    }

    public static async Task<byte[]> ReadAsync(this HipaaFileSystem files, HandleId handle, long offset, int length)
    {
        const int request = 1 << 20;
        byte[] content = new byte[length];
        int done = 0;
        while (done < length)
        {
            int read = await files.ReadAsync(handle, offset + done, content.AsMemory(done, Math.Min(request, length - done)), default).Ok();
            if (read == 0)
            {
                return content[..done];
            }

            done += read;
        }

        return content;
    }

    /// <summary>Makes a file with a content and closes it, without fsync.</summary>
    public static async Task<InodeId> PutAsync(this HipaaFileSystem files, string name, byte[] content, InodeId? parent = null)
    {
        CreatedFile created = await files.CreateAsync(name, parent);
        await files.WriteAsync(created.Handle, 0, content);
        await files.CloseAsync(created.Handle);
        return created.Attributes.Id;
    }

    public static async Task CloseAsync(this HipaaFileSystem files, HandleId handle)
    {
        await files.FlushAsync(handle, default).Ok();
        await files.ReleaseAsync(handle).Ok();
    }

    public static async Task FsyncAsync(this HipaaFileSystem files, string path)
    {
        HandleId handle = await files.OpenAsync(path);
        await files.FsyncAsync(handle, dataOnly: false, default).Ok();
        await files.ReleaseAsync(handle).Ok();
    }

    /// <summary>Reads a whole file.</summary>
    public static async Task<byte[]> GetAsync(this HipaaFileSystem files, string path)
    {
        InodeAttributes inode = await files.LookupAsync(path);
        HandleId handle = (await files.OpenAsync(inode.Id, OpenFlags.Read, Someone, default).Ok()).Handle;
        byte[] content = await files.ReadAsync(handle, 0, (int)inode.Size);
        await files.ReleaseAsync(handle).Ok();
        return content;
    }

    /// <summary>The names in a directory, in the order of the listing, without the dots.</summary>
    public static async Task<List<(string Name, InodeAttributes Inode)>> ListAsync(this HipaaFileSystem files, InodeId directory, int atOnce = 64)
    {
        var entries = new List<(string Name, InodeAttributes Inode)>();
        HandleId handle = await files.OpenDirectoryAsync(directory, default).Ok();
        var items = new DirectoryItem[atOnce];
        ulong cookie = 0;
        int count;
        do
        {
            count = await files.ReadDirectoryAsync(handle, cookie, items, default).Ok();
            foreach (DirectoryItem item in items.AsSpan(0, count))
            {
                cookie = item.NextCookie;
                if (cookie > 2)
                {
                    entries.Add((Encoding.UTF8.GetString(item.Name.Span), item.Attributes));
                }
            }
        }
        while (count > 0);

        Assert.Equal(FsError.None, files.ReleaseDirectory(handle));
        return entries;
    }

    /// <summary>One line for everything in the tree below a path, with its content.</summary>
    public static async Task<List<string>> TreeAsync(this HipaaFileSystem files, string below = "")
    {
        var lines = new List<string>();
        await AddTreeAsync(files, below, (await files.LookupAsync(below)).Id, "", lines);
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static async Task AddTreeAsync(HipaaFileSystem files, string below, InodeId directory, string path, List<string> lines)
    {
        foreach ((string name, InodeAttributes inode) in await files.ListAsync(directory))
        {
            string here = path + "/" + name;
            string content = inode.Kind switch
            {
                InodeKind.File => Convert.ToHexString(SHA256.HashData(await files.GetAsync(below + here))),
                InodeKind.SymbolicLink => Encoding.UTF8.GetString(await files.ReadLinkAsync(inode.Id, default).Ok()),
                _ => string.Empty,
            };
            byte[] names = await files.ListXattrsAsync(inode.Id, default).Ok();
            lines.Add($"{here} {inode.Mode:x} {inode.Uid}:{inode.Gid} {inode.LinkCount} {inode.Size} {inode.ModifyTime} {content} {Encoding.UTF8.GetString(names)}");
            if (inode.IsDirectory)
            {
                await AddTreeAsync(files, below, inode.Id, here, lines);
            }
        }
    }
}
