using System.Globalization;
using HipaaFs.Testing.Mounts;

namespace HipaaFs.Mount.Tests.Tampering;

/// <summary>A volume with files whose copies lie on the local disk, unmounted so that its store and cache can be changed.</summary>
internal sealed class TamperedVolume : IAsyncDisposable
{
    // docs/format.md: a header of 64 bytes, then frames of 16 KiB and their 16-byte tags.
    private const int HeaderSize = 64;
    private const int SealedFrameSize = 16384 + 16;

    private readonly MountedVolume _volume;
    private readonly string _copies;

    private TamperedVolume(MountedVolume volume)
    {
        _volume = volume;
        _copies = Path.Combine(volume.Work, "copies");
    }

    /// <summary>Everything the daemons logged.</summary>
    public string Log => _volume.Log;

    /// <summary>The objects with data, largest first.</summary>
    public IReadOnlyList<string> Segments => Objects(Path.Combine(_volume.Store, "seg"));

    /// <summary>The files of the cache that hold frames, largest first.</summary>
    public IReadOnlyList<string> CachedSegments => [.. Objects(Path.Combine(_volume.Volume, "cache")).Where(path => new FileInfo(path).Length > HeaderSize + 16)];

    /// <summary>Makes a volume with one large file, some middling and some small ones, all uploaded.</summary>
    public static async Task<TamperedVolume> CreateAsync()
    {
        MountedVolume volume = await MountedVolume.CreateAsync();
        var tampered = new TamperedVolume(volume);
        try
        {
            ProcessOutcome outcome = await Shell.PythonAsync(
                """
                import os, sys
                os.mkdir(sys.argv[1])
                sizes = {"large": 5_000_000, "middling 1": 300_000, "middling 2": 300_000}
                sizes.update(("small %d" % i, 1000 + i * 500) for i in range(12))
                for name, size in sizes.items():
                    content = os.urandom(size)
                    for place in (sys.argv[1], "."):
                        with open(os.path.join(place, name), "wb") as file:
                            file.write(content)
                            os.fsync(file.fileno())
                """,
                volume.Root,
                null,
                tampered._copies);
            outcome.EnsureSucceeded();
            await volume.UnmountAsync();
        }
        catch
        {
            await volume.DisposeAsync();
            throw;
        }

        return tampered;
    }

    /// <summary>Empties the cache, so that reads go to the store.</summary>
    public Task RemoveCacheAsync()
    {
        return Shell.CheckAsync("rm -rf -- cache/*", _volume.Volume);
    }

    /// <summary>Mounts and reads every file page by page.</summary>
    public async Task<PageCounts> MountAndReadAsync()
    {
        await _volume.MountAsync();
        ProcessOutcome outcome = await Shell.PythonFileAsync(
            Path.Combine(PosixCase.Scripts, "read_blocks.py"), "/", ChildProcess.LongTimeout, _volume.Root, _copies);
        int right = 0, wrong = 0, refused = 0;
        foreach (string line in outcome.EnsureSucceeded().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split(' ');
            right += int.Parse(fields[^3], CultureInfo.InvariantCulture);
            wrong += int.Parse(fields[^2], CultureInfo.InvariantCulture);
            refused += int.Parse(fields[^1], CultureInfo.InvariantCulture);
        }

        return new PageCounts(right, wrong, refused);
    }

    /// <summary>Offset of a byte of a frame inside its object.</summary>
    public static long FrameOffset(int frame, int inFrame)
    {
        return HeaderSize + ((long)frame * SealedFrameSize) + inFrame;
    }

    /// <summary>Number of the frames that begin within an object of a length, its index not told apart.</summary>
    public static int FrameCount(string path)
    {
        return (int)((new FileInfo(path).Length - HeaderSize + SealedFrameSize - 1) / SealedFrameSize);
    }

    /// <summary>Replaces a stored file by a changed copy. The cache may hold a hard link of the same file, which stays as it was.</summary>
    public static void Change(string path, Func<byte[], byte[]> change)
    {
        byte[] content = change(File.ReadAllBytes(path));
        File.Delete(path);
        File.WriteAllBytes(path, content);
    }

    /// <summary>Flips one bit.</summary>
    public static void FlipBit(string path, long offset)
    {
        Change(path, content =>
        {
            content[offset] ^= 0x10;
            return content;
        });
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        return _volume.DisposeAsync();
    }

    private static List<string> Objects(string directory)
    {
        return
        [
            .. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .OrderByDescending(path => new FileInfo(path).Length)
                .ThenBy(path => path, StringComparer.Ordinal),
        ];
    }
}
