using HipaaFs.Collection;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Collection;

public sealed class CollectorTests
{
    [Fact]
    public async Task Collect_DeletedFile_LosesItsSegmentAfterGraceAndPublication()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1));
        await test.DrainAsync();
        await test.FileSystem.PutAsync("b", FileSystemCalls.RandomBytes(100_000, 2));
        await test.DrainAsync();
        Assert.Equal(2, Segments(test));
        SegmentCollector collector = test.Volume.Parts.Writer!.Collector;
        await collector.CollectAsync(TimeSpan.Zero, default);
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();

        await collector.CollectAsync(TimeSpan.FromMinutes(10), default);
        await test.DrainAsync();
        await collector.CollectAsync(TimeSpan.FromMinutes(10), default);
        Assert.Equal(2, Segments(test)); // Younger than the grace.
        await collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal(1, Segments(test));
        Assert.Equal(FileSystemCalls.RandomBytes(100_000, 2), await test.FileSystem.GetAsync("b"));
        await test.DrainAsync();
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }

        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Collect_CondemnedButNotPublished_KeepsTheObject()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1));
        await test.DrainAsync();
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        await test.Volume.Parts.Writer.Collector.CollectAsync(TimeSpan.Zero, default);

        Assert.Equal(1, Segments(test));
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(FileSystemCalls.RandomBytes(100_000, 1), await restored.FileSystem.GetAsync("a"));
        }
    }

    [Fact]
    public async Task Collect_CondemnedByAnEarlierSessionThatDidNotPublish_KeepsTheObject()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1));
        await test.DrainAsync();
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.FromHours(1), default);
        await using TestVolume next = await test.CrashAsync();

        await next.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);

        Assert.Equal(1, Segments(next));
        time.Advance(TimeSpan.FromSeconds(1));
        await next.DrainAsync();
        await next.Volume.Parts.Writer.Collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal(0, Segments(next));
    }

    // As an unlinked file's segment is whose publication began, by the time of day, after it was condemned.
    [Theory]
    [InlineData(false)]
    [InlineData(true)] // The daemon was killed after it was condemned.
    public async Task Collect_ClockSetBackSinceTheLastPublication_KeepsWhatNoStreamCondemns(bool crashes)
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        time.Set(TimeSpan.FromHours(-1));
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(1, (await Collector(test).CollectAsync(TimeSpan.Zero, default)).CondemnedSegments);
        await SyncMetadataAsync(test);
        await using TestVolume? crashed = crashes ? await test.CrashAsync() : null;
        TestVolume last = crashed ?? test;
        last.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile, KeyPrefix = "stream/" });
        time.Set(TimeSpan.FromHours(2));

        await Collector(last).CollectAsync(TimeSpan.Zero, default);

        Assert.Equal(1, Segments(last));
        (TestVolume restored, _) = await last.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(content, await restored.FileSystem.GetAsync("a"));
        }

        last.Store.Heal();
        await last.DrainAsync();
        await Collector(last).CollectAsync(TimeSpan.Zero, default);
        Assert.Equal(0, Segments(last));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)] // The daemon was killed after it was condemned, and the clock set before the next began.
    [InlineData(false, -1)]
    [InlineData(true, -1)]
    public async Task Collect_ClockSetWhileASegmentIsCondemned_NeitherShortensNorLengthensItsGrace(bool crashes, int hours)
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await CondemnAsync(test);
        time.Set(TimeSpan.FromHours(hours));
        await using TestVolume? crashed = crashes ? await test.CrashAsync() : null;
        TestVolume last = crashed ?? test;
        await last.DrainAsync();

        await Collector(last).CollectAsync(SegmentCollector.Grace, default);
        Assert.Equal(1, Segments(last));
        time.Advance(SegmentCollector.Grace - TimeSpan.FromSeconds(1));
        await Collector(last).CollectAsync(SegmentCollector.Grace, default);
        Assert.Equal(1, Segments(last));

        time.Advance(TimeSpan.FromSeconds(1));
        await last.DrainAsync();
        await Collector(last).CollectAsync(SegmentCollector.Grace, default);
        Assert.Equal(0, Segments(last));
    }

    [Fact]
    public async Task Collect_MountsShorterThanTheGrace_PassItTogether()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await CondemnAsync(test);
        time.Advance(SegmentCollector.Grace / 2);
        await test.StopAsync();
        time.Advance(TimeSpan.FromDays(1)); // Nobody measured that.
        await test.OpenAsync();
        await test.DrainAsync();
        await Collector(test).CollectAsync(SegmentCollector.Grace, default);
        Assert.Equal(1, Segments(test));

        time.Advance(SegmentCollector.Grace / 2);
        await Collector(test).CollectAsync(SegmentCollector.Grace, default);

        Assert.Equal(0, Segments(test));
        await test.AssertSoundAsync();
    }

    // A newer session may begin at any moment, and may need what it finds.
    [Theory]
    [InlineData(10, 0, SegmentCollector.MostBetweenLooks)]
    [InlineData(3, 11, 3)] // A store that takes seconds for a deletion.
    public async Task Collect_NewerSessionInTheMiddle_DeletesNoMoreThanABatch(int deletedBefore, int secondsSince, int mostAfter)
    {
        const int files = 40;
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        for (int i = 0; i < files; i++)
        {
            await test.FileSystem.PutAsync($"f{i}", FileSystemCalls.RandomBytes(20_000, i));
            await test.DrainAsync();
            await test.FileSystem.UnlinkAsync(InodeId.Root, FileSystemCalls.Bytes($"f{i}"), default).Ok();
        }

        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(files, (await Collector(test).CollectAsync(SegmentCollector.Grace, default)).CondemnedSegments);
        await test.DrainAsync();
        string newer = Path.Combine(test.StoreDirectory, StoreLayout.Session(test.Volume.Session + 1).Value);
        var seen = new ProgressHook<GarbageProgress>(report =>
        {
            if (report.Done == deletedBefore + 1)
            {
                File.WriteAllText(newer, "{}");
                time.Advance(TimeSpan.FromSeconds(secondsSince));
            }
        });

        CollectionReport report = await Collector(test).CollectAsync(TimeSpan.Zero, seen, default);

        Assert.InRange(report.DeletedSegments, deletedBefore, mostAfter);
        Assert.Equal(files - report.DeletedSegments, Segments(test));
    }

    [Fact]
    public async Task Collect_SegmentSharedByACopy_StaysUntilTheCopyGoes()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        await test.FileSystem.PutAsync("a", content);
        HandleId from = await test.FileSystem.OpenAsync("a");
        CreatedFile to = await test.FileSystem.CreateAsync("b");
        Assert.Equal(100_000, await test.FileSystem.CopyRangeAsync(from, 0, to.Handle, 0, 1 << 20, default).Ok());
        await test.FileSystem.CloseAsync(from);
        await test.FileSystem.CloseAsync(to.Handle);
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await RoundAsync(test);
        Assert.Equal(1, Segments(test));
        Assert.Equal(content, await test.FileSystem.GetAsync("b"));
        await test.FileSystem.UnlinkAsync(InodeId.Root, "b"u8, default).Ok();
        await RoundAsync(test);

        Assert.Equal(0, Segments(test));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Collect_UploadedBeforeACrashAndRepackedAfterIt_LeavesNoObjectBehind()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1));
        await test.FileSystem.SyncAsync(default).Ok();
        string staged = Assert.Single(Directory.EnumerateFiles(test.StagingDirectory, "*.seg"));
        await test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync();
        Assert.True(await test.Volume.Parts.Writer.Uploader.WaitUntilUploadedAsync(default));
        await using TestVolume crashed = await test.CrashAsync(copy =>
        {
            // As it was a moment before the rename.
            string cached = Assert.Single(Directory.EnumerateFiles(copy.CacheDirectory, "*.seg", SearchOption.AllDirectories));
            File.Move(cached, Path.Combine(copy.StagingDirectory, Path.GetFileName(staged)));
        });
        await RoundAsync(crashed);
        time.Advance(TimeSpan.FromSeconds(1));
        await RoundAsync(crashed);

        Assert.Equal(1, Segments(crashed));
        Assert.Equal(FileSystemCalls.RandomBytes(100_000, 1), await crashed.FileSystem.GetAsync("a"));
        await crashed.AssertSoundAsync();
    }

    // One segment, condemned and published as such.
    private static async Task CondemnAsync(TestVolume test)
    {
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1));
        await test.DrainAsync();
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(1, (await Collector(test).CollectAsync(SegmentCollector.Grace, default)).CondemnedSegments);
        await test.DrainAsync();
    }

    private static async Task SyncMetadataAsync(TestVolume test)
    {
        IMetadataStore metadata = test.Volume.Parts.Metadata;
        Assert.True((await metadata.MakeDurableAsync(metadata.Applied)).Succeeded);
    }

    private static SegmentCollector Collector(TestVolume test) => test.Volume.Parts.Writer!.Collector;

    private static async Task RoundAsync(TestVolume test)
    {
        await test.DrainAsync();
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        await test.FileSystem.MakeDirectoryAsync(Guid.NewGuid().ToString()); // So that there is something to publish.
        await test.DrainAsync();
        await test.Volume.Parts.Writer.Collector.CollectAsync(TimeSpan.Zero, default);
    }

    private static int Segments(TestVolume test) =>
        Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories).Count();
}
