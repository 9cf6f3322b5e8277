using HipaaFs.Cache;
using HipaaFs.Metadata;
using HipaaFs.Storage;

namespace HipaaFs.Core.Tests.Cache;

public sealed class CacheTests
{
    private const int BadInCache = 511;
    private const int NotAuthentic = 510;
    private const int DiskFailed = 513;

    [Fact]
    public async Task Read_AfterUpload_IsServedWithoutTheStore()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(3 << 20, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        await test.ReopenAsync();
        int before = test.Store.CallsOf(StoreVerb.Read);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));

        Assert.Equal(before, test.Store.CallsOf(StoreVerb.Read));
        Assert.Equal(0, test.Volume.GetStatus().StagedSegments);
        Assert.Empty(Directory.EnumerateFiles(test.StagingDirectory));
    }

    [Fact]
    public async Task Read_SmallPieceOfAnUncachedFile_FetchesItsFramesOnly()
    {
        await using TestVolume test = await UploadedAsync(8 << 20, out byte[] content);
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        Assert.Equal(content[5_000_000..5_000_100], await test.FileSystem.ReadAsync(handle, 5_000_000, 100));

        Assert.InRange(test.Volume.GetStatus().Cache.FetchedBytes, 1, 3 * 16_400);
        await test.FileSystem.CloseAsync(handle);
        await test.ReopenAsync();
        Assert.InRange(test.Volume.GetStatus().Cache.Bytes, 1, 3 * 16_400);
        handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        Assert.Equal(content[5_000_000..5_000_100], await test.FileSystem.ReadAsync(handle, 5_000_000, 100));
        Assert.Equal(0, test.Volume.GetStatus().Cache.FetchedBytes);
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Read_TamperedFramesInTheCache_FetchesThemAgain()
    {
        await using TestVolume test = await UploadedAsync(4 << 20, out byte[] content);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        await test.StopAsync();
        foreach (string path in Directory.EnumerateFiles(test.CacheDirectory, "*.part", SearchOption.AllDirectories))
        {
            Flip(path, every: 16_400);
        }

        await test.OpenAsync();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        Assert.True(test.Volume.GetStatus().Cache.BadFrames > 0);
        Assert.True(test.Log.Count(BadInCache) > 0);
        Assert.Equal(0, test.Log.Count(NotAuthentic));
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Read_CacheFileDeletedWhileMounted_FetchesItAgain()
    {
        await using TestVolume test = await UploadedAsync(4 << 20, out byte[] content);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        await test.StopAsync();
        foreach (string path in Directory.EnumerateFiles(test.CacheDirectory, "*.part", SearchOption.AllDirectories))
        {
            File.WriteAllBytes(path, []);
        }

        await test.OpenAsync();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_CacheDiskThatCannotReadBack_FetchesFromTheStore(bool whole)
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(40_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        if (!whole)
        {
            await ForgetCacheAsync(test, static () => { });
            FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        }

        // The pages around address 0 belong to nobody: the kernel answers EIO to whoever reads or writes them there.
        string file = Assert.Single(Directory.EnumerateFiles(test.CacheDirectory, whole ? "*.seg" : "*.part", SearchOption.AllDirectories));
        File.Delete(file);
        File.CreateSymbolicLink(file, "/proc/self/mem");
        test.Volume.Parts.Views.ForgetAll();

        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        Assert.True(test.Log.Count(DiskFailed) > 0);
        Assert.True(test.Volume.GetStatus().Cache.BadFrames > 0);
        Assert.Equal(0, test.Log.Count(NotAuthentic));
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Read_TamperedInTheStore_IsRefusedAndLogged()
    {
        await using TestVolume test = await UploadedAsync(1 << 20, out byte[] content);
        await test.StopAsync();
        string segment = Assert.Single(Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));
        Flip(segment, every: 1 << 30, first: 64 + (3 * 16_400) + 100);
        await test.OpenAsync();
        InodeAttributes inode = await test.FileSystem.LookupAsync("a");
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);

        Assert.Equal(content[..49_152], await test.FileSystem.ReadAsync(handle, 0, 49_152));
        Assert.Equal(FsError.NotAuthentic, (await test.FileSystem.ReadAsync(handle, 49_152, new byte[10], default)).Error);
        Assert.Equal(FsError.NotAuthentic, (await test.FileSystem.ReadAsync(handle, 0, new byte[1 << 20], default)).Error);
        Assert.Equal(content[65_536..100_000], await test.FileSystem.ReadAsync(handle, 65_536, 100_000 - 65_536));
        Assert.Contains(test.Log.Lines, line => line.Id.Id == NotAuthentic && line.Text.StartsWith($"Inode {inode.Id}: frame 3 of segment ", StringComparison.Ordinal));
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Read_SegmentsSwappedInTheStore_IsRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1));
        await test.DrainAsync();
        await test.FileSystem.PutAsync("b", FileSystemCalls.RandomBytes(100_000, 2));
        await test.DrainAsync();
        await ForgetCacheAsync(test, () =>
        {
            string[] segments = [.. Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories)];
            Assert.Equal(2, segments.Length);
            File.Move(segments[0], segments[0] + "x");
            File.Move(segments[1], segments[0]);
            File.Move(segments[0] + "x", segments[1]);
        });

        foreach (string name in (string[])["a", "b"])
        {
            HandleId handle = await test.FileSystem.OpenAsync(name, OpenFlags.Read);
            byte[] destination = new byte[100_000];
            Assert.Equal(FsError.NotAuthentic, (await test.FileSystem.ReadAsync(handle, 0, destination, default)).Error);
            await test.FileSystem.CloseAsync(handle);
        }
    }

    [Fact]
    public async Task Read_SegmentTruncatedOrGone_IsRefused()
    {
        await using TestVolume test = await UploadedAsync(1 << 20, out byte[] content);
        await test.StopAsync();
        string segment = Assert.Single(Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));
        using (var file = new FileStream(segment, FileMode.Open))
        {
            file.SetLength(64 + (10 * 16_400) + 5);
        }

        await test.OpenAsync();
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        Assert.Equal(content[..16_384], await test.FileSystem.ReadAsync(handle, 0, 16_384));
        Assert.Equal(FsError.NotAuthentic, (await test.FileSystem.ReadAsync(handle, 10 * 16_384, new byte[100], default)).Error);
        File.Delete(segment);
        Assert.Equal(FsError.Io, (await test.FileSystem.ReadAsync(handle, 5 * 16_384, new byte[100], default)).Error);
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Read_SideBySideThroughATinyCache_NeverFails()
    {
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { CacheBytes = 200_000 });
        byte[][] contents = new byte[6][];
        for (int i = 0; i < contents.Length; i++)
        {
            contents[i] = FileSystemCalls.RandomBytes(1 << 20, i);
            await test.FileSystem.PutAsync($"f{i}", contents[i]);
            await test.DrainAsync();
        }

        Task[] readers = [.. Enumerable.Range(0, 6).Select(reader => Task.Run(async () =>
        {
            var random = new Random(reader);
            for (int i = 0; i < 60; i++)
            {
                int file = random.Next(contents.Length);
                int offset = random.Next(1 << 20);
                int length = random.Next(1, (1 << 20) - offset + 1);
                HandleId handle = await test.FileSystem.OpenAsync($"f{file}", OpenFlags.Read);
                FileSystemCalls.AssertSame(contents[file][offset..(offset + length)], await test.FileSystem.ReadAsync(handle, offset, length));
                await test.FileSystem.CloseAsync(handle);
            }
        }))];
        await Task.WhenAll(readers);

        CacheUsage usage = test.Volume.GetStatus().Cache;
        Assert.Equal(0, usage.BadFrames);
        Assert.InRange(usage.Bytes, 0, 200_000);
    }

    [Fact]
    public async Task Read_CachedRange_AllocatesNothing()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(4 << 20, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        byte[] destination = new byte[40_000];
        long offset = 0;
        await test.FileSystem.ReadAsync(handle, 0, destination, default).Ok();
        for (int i = 0; i < 200; i++)
        {
            Read();
        }

        // The runtime may allocate once when it replaces code or meets a contended lock; a read that allocates does so in every round.
        long least = long.MaxValue;
        for (int round = 0; round < 20 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                Read();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        await test.FileSystem.CloseAsync(handle);

        void Read()
        {
            offset = (offset + 1_234_567) % (content.Length - destination.Length);
            Assert.True(test.FileSystem.TryRead(handle, offset, destination, static () => true, out FsResult<int> read));
            Assert.True(read.Value == destination.Length && destination.AsSpan().SequenceEqual(content.AsSpan((int)offset, destination.Length)));
        }
    }

    private static Task<TestVolume> UploadedAsync(int length, out byte[] content)
    {
        content = FileSystemCalls.RandomBytes(length, 1);
        return CreateAsync(content);

        static async Task<TestVolume> CreateAsync(byte[] content)
        {
            TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
            await test.FileSystem.PutAsync("a", content);
            await test.DrainAsync();
            await ForgetCacheAsync(test, static () => { });
            return test;
        }
    }

    private static async Task ForgetCacheAsync(TestVolume test, Action meanwhile)
    {
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        meanwhile();
        await test.OpenAsync();
    }

    private static void Flip(string path, int every, long first = 1000)
    {
        byte[] content = File.ReadAllBytes(path);
        for (long at = first; at < content.Length; at += every)
        {
            content[at] ^= 4;
        }

        File.WriteAllBytes(path, content);
    }
}
