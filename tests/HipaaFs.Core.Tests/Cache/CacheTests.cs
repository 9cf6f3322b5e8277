using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Core.Tests.Cache;

public sealed class CacheTests
{
    private const int BadInCache = 511;
    private const int NotAuthentic = 510;
    private const int DiskFailed = 513;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2); // Only ends a test that hangs.
    private const int Unreadable = 512;
    private const int CacheFails = 522;
    private const int CacheWorks = 523;

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
        Assert.Empty(Directory.EnumerateFiles(test.StagingDirectory, "*.seg"));
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
    public async Task Read_CacheFileThatCannotBeMade_GoesAroundTheCacheAndSaysSoOnce()
    {
        await using TestVolume test = await UploadedAsync(1 << 20, out byte[] content);
        BlockCache(test);

        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        Assert.Equal((1, 0), (test.Log.Count(CacheFails), test.Log.Count(CacheWorks)));
        Assert.Equal(0, test.Log.Count(Unreadable));
    }

    [Fact]
    public async Task Read_CacheDiskIsFull_FetchesLittleMoreThanIsRead()
    {
        const int piece = 128 << 10;
        await using TestVolume test = await UploadedAsync(32 << 20, out byte[] content);
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        Assert.Equal(content[..100], await test.FileSystem.ReadAsync(handle, 0, 100));
        string file = Assert.Single(Directory.EnumerateFiles(test.CacheDirectory, "*.part", SearchOption.AllDirectories));
        File.Delete(file);
        File.CreateSymbolicLink(file, "/dev/full");
        test.Volume.Parts.Views.ForgetAll();

        for (int offset = 0; offset < content.Length; offset += piece)
        {
            Assert.Equal(content[offset..(offset + piece)], await test.FileSystem.ReadAsync(handle, offset, piece));
        }

        Assert.Equal(1, test.Log.Count(CacheFails));
        Assert.InRange(test.Volume.GetStatus().Cache.FetchedBytes, content.Length, 3L * content.Length); // Once in vain, once around, and what was on its way when that was noticed.
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Read_CacheDiskThatFailsWrites_SaysWhenThatBeginsAndEnds()
    {
        await using TestVolume test = await UploadedAsync(1 << 20, out byte[] content);
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        Assert.Equal(content[..100], await test.FileSystem.ReadAsync(handle, 0, 100));

        // The kernel answers EIO to whoever writes where its address space has nothing.
        string file = Assert.Single(Directory.EnumerateFiles(test.CacheDirectory, "*.part", SearchOption.AllDirectories));
        File.Delete(file);
        File.CreateSymbolicLink(file, "/proc/self/mem");
        test.Volume.Parts.Views.ForgetAll();
        for (int frame = 1; frame <= 5; frame++)
        {
            Assert.Equal(content[(frame * 16_384)..((frame * 16_384) + 10)], await test.FileSystem.ReadAsync(handle, frame * 16_384, 10));
        }

        Assert.Equal((1, 0), (test.Log.Count(CacheFails), test.Log.Count(CacheWorks)));
        File.Delete(file);
        test.Volume.Parts.Views.ForgetAll();
        for (int frame = 40; frame < 60; frame++)
        {
            Assert.Equal(content[(frame * 16_384)..((frame * 16_384) + 10)], await test.FileSystem.ReadAsync(handle, frame * 16_384, 10));
        }

        Assert.Equal((1, 1), (test.Log.Count(CacheFails), test.Log.Count(CacheWorks)));
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Read_AroundTheCacheAndTamperedInTheStore_IsLoggedWithInodeAndFrame()
    {
        await using TestVolume test = await UploadedAsync(1 << 20, out _);
        Flip(Assert.Single(Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories)), every: 1 << 30, first: 64 + (3 * 16_400) + 100);
        BlockCache(test);
        InodeAttributes inode = await test.FileSystem.LookupAsync("a");
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);

        Assert.Equal(FsError.NotAuthentic, (await test.FileSystem.ReadAsync(handle, 0, new byte[100_000], default)).Error);
        Assert.Contains(test.Log.Lines, line => line.Id.Id == NotAuthentic && line.Text.StartsWith($"Inode {inode.Id}: frame 3 of segment ", StringComparison.Ordinal));
        await test.FileSystem.CloseAsync(handle);
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
    public async Task Fetch_FurtherThanIsWaitedFor_BringsTheRestOfTheRequest_AsLongAsThereIsMemory()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        InodeId inode = await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(26 << 20, 1));
        await test.DrainAsync();
        await ForgetCacheAsync(test, static () => { });
        MetadataResult<ExtentPage> extents = await test.Volume.Parts.Metadata.GetExtentsAsync(inode, 0, 1, 1);
        MetadataResult<SegmentRow> row = await test.Volume.Parts.Metadata.GetSegmentAsync(extents.Value.Extents[0].Segment);
        FrameCache cache = test.Volume.Parts.Cache;
        CacheEntry entry = cache.TryEnter(row.Value.Id, row.Value.ObjectLength, out _)!;

        // Two requests under way are all the memory of the smallest budget, so that a third brings what is waited for only.
        test.Store.Add(new StoreFault(StoreFaultKind.Delay) { Verb = StoreVerb.Read, Delay = TimeSpan.FromSeconds(1), Count = 2 });
        Task<FsError> first = cache.FetchAsync(entry, 10, 11, entry.FrameCount, default).AsTask();
        Task<FsError> second = cache.FetchAsync(entry, 511, 512, entry.FrameCount, default).AsTask();
        await Eventually.TrueAsync(() => test.Store.Delayed == 2, "two requests are under way");
        Assert.Equal(FsError.None, await cache.FetchAsync(entry, 1030, 1031, entry.FrameCount, default));
        Assert.Equal((true, false), (entry.HasFrames(1030, 1031), entry.HasFrames(1031, 1032)));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((FsError.None, FsError.None), (await first, await second));
        Assert.Equal((true, false, false), (entry.HasFrames(10, 1022), entry.HasFrames(9, 10), entry.HasFrames(1022, 1023)));

        Assert.Equal(FsError.None, await cache.FetchAsync(entry, 1040, 1041, entry.FrameCount, default));
        Assert.Equal((true, false, false), (entry.HasFrames(1040, 1533), entry.HasFrames(1039, 1040), entry.HasFrames(1533, 1534)));
        Assert.Equal(FsError.None, await cache.FetchAsync(entry, 1600, 1601, 1601, default));
        Assert.Equal((true, false), (entry.HasFrames(1600, 1601), entry.HasFrames(1601, 1602)));
        Assert.Equal(FsError.None, await cache.FetchAsync(entry, 1610, 1611, 1620, default));
        Assert.Equal((true, false), (entry.HasFrames(1610, 1620), entry.HasFrames(1620, 1621)));
        entry.Leave();
    }

    [Fact]
    public async Task Evict_WhileItsFileIsBeingDeleted_HoldsUpNobody()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(1 << 20, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        await test.FileSystem.PutAsync("b", content[..1000]);
        await test.DrainAsync();
        FrameCache cache = test.Volume.Parts.Cache;
        using var deleting = new SemaphoreSlim(0);
        using var mayDelete = new ManualResetEventSlim();
        SegmentId evicted = default;
        cache.Files.BeforeDelete = segment =>
        {
            evicted = segment;
            deleting.Release();
            mayDelete.Wait();
        };
        string biggest = Directory.GetFiles(test.CacheDirectory, "*.seg", SearchOption.AllDirectories).MaxBy(static path => new FileInfo(path).Length)!;
        Assert.True(SegmentId.TryParse(Path.GetFileNameWithoutExtension(biggest), out SegmentId segment));
        Task removing = Task.Factory.StartNew(() => cache.Remove(segment), TaskCreationOptions.LongRunning);
        await deleting.WaitAsync();
        cache.Files.BeforeDelete = null;

        // The disk takes its time over the deletion. The table answers, other segments are read, and so is this one.
        Assert.Equal(segment, evicted);
        CacheUsage usage = await Task.Run(() => cache.Usage).WaitAsync(Limit);
        Assert.Equal(1, usage.Segments);
        Assert.Equal(content[..1000], await Task.Run(() => test.FileSystem.GetAsync("b")).WaitAsync(Limit));
        test.Volume.Parts.Views.ForgetAll();
        FileSystemCalls.AssertSame(content, await Task.Run(() => test.FileSystem.GetAsync("a")).WaitAsync(Limit));
        mayDelete.Set();
        await removing;
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        Assert.Equal(0, cache.Usage.BadFrames);
    }

    [Fact]
    public async Task Enter_WhileAnotherReadersOpenTakesItsTime_DoesNotWait()
    {
        string path = Path.GetTempFileName();
        var entry = new CacheEntry(default, 1 << 20, bits: null);
        using var opening = new SemaphoreSlim(0);
        using var mayOpen = new ManualResetEventSlim();
        Task<SafeFileHandle?> slow = Task.Factory.StartNew(
            () => entry.TryEnter(_ =>
            {
                opening.Release();
                mayOpen.Wait();
                return File.OpenHandle(path);
            }),
            TaskCreationOptions.LongRunning);
        await opening.WaitAsync();
        SafeFileHandle? file = await Task.Run(() => entry.TryEnter(_ => File.OpenHandle(path))).WaitAsync(Limit);
        mayOpen.Set();

        Assert.NotNull(file);
        Assert.Same(file, await slow);
        entry.Leave();
        Assert.False(file.IsClosed);
        entry.Leave();
        Assert.True(file.IsClosed);
        File.Delete(path);
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

    // A file where the directory of the segment's files would have to be.
    private static void BlockCache(TestVolume test)
    {
        string segment = Assert.Single(Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));
        File.WriteAllText(Path.Combine(test.CacheDirectory, Path.GetFileName(segment)[..2]), "in the way");
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
