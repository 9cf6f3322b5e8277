using HipaaFs.Cache;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Cache;

public sealed class CachePinsTests
{
    private const int FileLength = 8 << 20;

    [Fact]
    public async Task Warm_ThenTheStoreIsAway_ReadsFromTheCache()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(FileLength, 1);
        InodeId file = await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        await EmptyCacheAsync(test);
        var seen = new List<WarmProgress>();

        WarmProgress warmed = await test.Volume.WarmAsync([file], new Reported(seen), default);

        Assert.Equal(new WarmProgress(1, FileLength, FileLength, 0), warmed);
        Assert.Equal(seen.Select(static progress => progress.Bytes).Order(), seen.Select(static progress => progress.Bytes));
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Warm_AllFramesOfASegment_MakesItWholeForARestartToo()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes((100 * 16384) - 7, 1); // Index and trailer are behind the last frame, outside of it.
        InodeId file = await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        SegmentRow row = (await test.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Live, null, 10)).Value[0];
        await EmptyCacheAsync(test);

        await test.Volume.WarmAsync([file], new Reported([]), default);

        string whole = test.Volume.Parts.Cache.Files.WholePath(row.Id);
        Assert.True(SegmentFile.TryOpen(row, whole, test.Volume.Parts.Ring, out SegmentFile? segment));
        using (segment)
        {
            Assert.False(segment.HashAuthentic().IsEmpty);
        }

        Assert.Equal(row.ObjectLength, test.Volume.Parts.Cache.Usage.Bytes);
        Assert.Equal([whole], Directory.EnumerateFiles(Path.GetDirectoryName(whole)!));
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        await test.ReopenAsync();
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        test.Store.Heal();
    }

    [Fact]
    public async Task Warm_StoreAway_CountsTheFile()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1));
        await test.DrainAsync();
        await EmptyCacheAsync(test);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));

        Assert.Equal((1L, 0L), (await test.Volume.WarmAsync([file], new Reported([]), default)) is var warmed ? (warmed.FailedFiles, warmed.Bytes) : default);
        test.Store.Heal();
    }

    [Fact]
    public async Task Pin_WhatIsReadBesides_DoesNotPushItOut_AfterARestartToo()
    {
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { CacheBytes = 6 * FileLength });
        byte[] content = FileSystemCalls.RandomBytes(FileLength, 1);
        InodeId pinned = await test.FileSystem.PutAsync("pinned", content);
        await test.DrainAsync();
        PinUsage usage = await test.Volume.PinAsync([pinned], default);
        Assert.Equal((true, 1L), (usage.Fits, usage.Files));
        Assert.Equal(usage.Bytes, usage.CachedBytes);

        await WriteOthersAsync(test, 1);
        Assert.Equal(usage, test.Volume.PinUsage);
        await test.ReopenAsync();
        await WriteOthersAsync(test, 2);
        Assert.Equal(usage.CachedBytes, test.Volume.PinUsage.CachedBytes);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("pinned"));
        test.Store.Heal();

        Assert.Equal(new PinUsage(0, 0, 0, 0, usage.MostBytes), await test.Volume.UnpinAsync([pinned], default));
        await WriteOthersAsync(test, 3);
        Assert.True(test.Volume.Parts.Cache.Usage.Bytes <= 6 * FileLength);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Refresh_PinnedFileHasOutgrownTheCache_KeepsTheCacheWithinItsSize()
    {
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { CacheBytes = 2 * FileLength });
        InodeId file = await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(FileLength, 1));
        await test.DrainAsync();
        Assert.True((await test.Volume.PinAsync([file], default)).Fits);

        for (int piece = 1; piece <= 3; piece++)
        {
            HandleId handle = await test.FileSystem.OpenAsync("a");
            await test.FileSystem.WriteAsync(handle, piece * FileLength, FileSystemCalls.RandomBytes(FileLength, piece));
            await test.FileSystem.ReleaseAsync(handle).Ok();
            await test.FileSystem.SyncAsync(default).Ok();
            await test.Volume.Parts.Pins.RefreshAsync(default); // Pinned while it is staged, it is never the one to leave.
            await test.DrainAsync();
        }

        Assert.False(test.Volume.PinUsage.Fits);
        Assert.True(test.Volume.PinUsage.CachedBytes <= test.Volume.PinUsage.MostBytes);
        Assert.True(test.Volume.Parts.Cache.Usage.Bytes <= 2 * FileLength);
    }

    [Fact]
    public async Task Pin_MoreThanTheCacheHolds_IsRefusedAndChangesNothing()
    {
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { CacheBytes = 2 * FileLength });
        InodeId small = await test.FileSystem.PutAsync("small", FileSystemCalls.RandomBytes(FileLength, 1));
        InodeId large = await test.FileSystem.PutAsync("large", FileSystemCalls.RandomBytes(2 * FileLength, 2));
        await test.DrainAsync();
        PinUsage before = await test.Volume.PinAsync([small], default);

        PinUsage refused = await test.Volume.PinAsync([large], default);

        Assert.Equal((false, 2L), (refused.Fits, refused.Files));
        Assert.Equal(before with { CachedBytes = 0 }, test.Volume.PinUsage with { CachedBytes = 0 });
    }

    [Fact]
    public async Task Refresh_AfterAPinnedFileWasWrittenAnewAndAnotherRemoved_FollowsThem()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId kept = await test.FileSystem.PutAsync("kept", FileSystemCalls.RandomBytes(FileLength, 1));
        InodeId gone = await test.FileSystem.PutAsync("gone", FileSystemCalls.RandomBytes(FileLength, 2));
        await test.DrainAsync();
        PinUsage before = await test.Volume.PinAsync([kept, gone], default);
        HandleId handle = await test.FileSystem.OpenAsync("kept");
        await test.FileSystem.WriteAsync(handle, 0, new byte[FileLength]);
        await test.FileSystem.CloseAsync(handle);
        await test.FileSystem.UnlinkAsync(InodeId.Root, "gone"u8, default).Ok();
        await test.DrainAsync();

        await test.Volume.Parts.Pins.RefreshAsync(default);

        PinUsage after = test.Volume.PinUsage;
        Assert.Equal((2L, 1L), (before.Files, after.Files));
        Assert.InRange(after.Bytes, FileLength, before.Bytes - 1);
        Assert.Equal(after.Bytes, after.CachedBytes);
    }

    private static async Task WriteOthersAsync(TestVolume test, int round)
    {
        for (int i = 0; i < 8; i++)
        {
            await test.FileSystem.PutAsync($"other{round}-{i}", FileSystemCalls.RandomBytes(FileLength, (round * 10) + i));
            await test.DrainAsync();
        }
    }

    private static async Task EmptyCacheAsync(TestVolume test)
    {
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();
    }

    private sealed class Reported(List<WarmProgress> into) : IProgress<WarmProgress>
    {
        public void Report(WarmProgress value) => into.Add(value);
    }
}
