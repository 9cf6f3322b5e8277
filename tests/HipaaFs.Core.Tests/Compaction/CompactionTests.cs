using HipaaFs.Cache;
using HipaaFs.Collection;
using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Compaction;

public sealed class CompactionTests
{
    private const int Length = 100_000;

    [Fact]
    public async Task Compact_SegmentsThatAreMostlyDead_StoresLittleMoreThanIsLive()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8);
        long before = StoredBytes(test);
        SpaceUsage counted = (await Compactor(test).CountAsync(default))!;
        Assert.Equal(8 * Length, counted.LiveBytes);
        Assert.Equal(before, counted.StoredBytes);

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        Assert.True(report.IsComplete);
        Assert.Equal(8 * Length, report.CopiedBytes);
        Assert.Equal(before, report.FreedBytes);
        await AssertKeptAsync(test, 8);
        await CollectAsync(test);

        Assert.True(StoredBytes(test) < SpaceSurvey.Target * 8 * Length, $"{StoredBytes(test)} bytes stored of {before}");
        await AssertKeptAsync(test, 8);
        CompactionReport again = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        Assert.Equal((0, 0L), (again.Segments, again.CopiedBytes));
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }

        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task CollectGarbage_AtRequest_SaysWhatItDidAndWhatIsStored()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8, TestVolumeOptions.Still);
        long before = StoredBytes(test);
        Assert.Null(test.Volume.GetStatus().Space);

        var progress = new ProgressRecorder<GarbageProgress>();

        GarbageReport report = (await test.Volume.CollectGarbageAsync(progress, default))!;

        Assert.Equal(
            [new GarbageProgress("rewrite", 0, 8L * Length), new GarbageProgress("rewrite", 8L * Length, 8L * Length), new GarbageProgress("delete", 1, 0)],
            progress.Reports.Take(3));
        Assert.True(report.IsComplete);
        Assert.Equal((4, 8L * Length, 0), (report.RewrittenSegments, report.CopiedBytes, report.DeletedSegments));
        Assert.Equal((8L * Length, before), (report.Space.LiveBytes, report.Space.CondemnedBytes));
        Assert.Equal(report.Space, test.Volume.GetStatus().Space);
        await AssertKeptAsync(test, 8);
    }

    [Fact]
    public async Task Compact_SmallFilesThatAreNotCached_FetchesNeighboursTogether()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 200, kept: 80);
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;

        Assert.Equal((80L * Length, true), (report.CopiedBytes, report.IsComplete));
        CacheUsage cache = test.Volume.GetStatus().Cache;
        Assert.Equal(4, cache.Fetches); // One for each segment, whose first twenty files are kept.
        Assert.InRange(cache.FetchedBytes, 80L * Length, 80L * (Length + (2 * SegmentFormat.FrameSize)));
        await AssertKeptAsync(test, 80);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Stop_WhileGarbageIsCollected_EndsThatFirst()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8, TestVolumeOptions.Still);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Compactor(test).Move.BeforeStep = async _ =>
        {
            reached.TrySetResult();
            await released.Task;
        };
        Volume volume = test.Volume;
        Task<GarbageReport?> running = volume.CollectGarbageAsync(null, default);
        await reached.Task;
        Task<GarbageReport?> waiting = volume.CollectGarbageAsync(null, default);

        Task stopping = Task.Run(() => test.StopAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.False(stopping.IsCompleted);
        released.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await stopping;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => volume.CollectGarbageAsync(null, default));
        await test.OpenAsync();
        await AssertKeptAsync(test, 8);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Compact_DataThatFilesShare_IsCopiedOnceAndStaysShared()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 20, kept: 20);
        HandleId from = await test.FileSystem.OpenAsync("f0");
        CreatedFile to = await test.FileSystem.CreateAsync("copy");
        Assert.Equal(Length - 1000, await test.FileSystem.CopyRangeAsync(from, 1000, to.Handle, 0, Length, default).Ok());
        await test.FileSystem.CloseAsync(from);
        await test.FileSystem.CloseAsync(to.Handle);
        await RemoveAsync(test, from: 2, to: 20);

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;

        Assert.Equal(2 * Length, report.CopiedBytes);
        Assert.Equal(FileSystemCalls.RandomBytes(Length, 0)[1000..], await test.FileSystem.GetAsync("copy"));
        await AssertKeptAsync(test, 2);
        Assert.Equal(2 * Length, (await Compactor(test).CountAsync(default))!.LiveBytes);
        await test.AssertSoundAsync();
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 0)]
    [InlineData(4, 0)]
    [InlineData(4, 1)]
    [InlineData(4, 3)]
    [InlineData(4, 6)]
    public async Task Crash_AtAnyStepOfCompaction_LosesNothing(int step, int skip)
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8);
        TestVolume? crashed = null;
        Compactor(test).Move.BeforeStep = async number =>
        {
            if (number == step && crashed is null && skip-- == 0)
            {
                await test.Volume.Parts.Metadata.MakeDurableAsync(test.Volume.Parts.Metadata.Applied);
                crashed = test.CopyFiles();
            }
        };
        await Compactor(test).CompactAsync(CompactionOptions.Now, default);
        Assert.NotNull(crashed);
        await using (crashed)
        {
            await crashed.OpenAsync();
            await AssertKeptAsync(crashed, 8);
            await crashed.DrainAsync();
            CompactionReport report = (await Compactor(crashed).CompactAsync(CompactionOptions.Now, default))!;
            Assert.True(report.IsComplete);
            await CollectAsync(crashed);
            await AssertKeptAsync(crashed, 8);
            Assert.True(StoredBytes(crashed) < SpaceSurvey.Target * 8 * Length, $"{StoredBytes(crashed)} bytes stored");
            await crashed.AssertSoundAsync();
        }
    }

    [Theory]
    [InlineData(StoreFaultKind.Fail)]
    [InlineData(StoreFaultKind.Lose)]
    [InlineData(StoreFaultKind.Flip)]
    [InlineData(StoreFaultKind.Truncate)]
    public async Task Compact_WhileTheStoreSpoilsPuts_SwitchesNoFileBeforeItHasTheCopy(StoreFaultKind kind)
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8);
        bool isSwitching = false;
        Compactor(test).Move.BeforeStep = step =>
        {
            isSwitching |= step == 3;
            return Task.CompletedTask;
        };
        test.Store.Add(new StoreFault(kind) { Verb = Storage.StoreVerb.PutFile, KeyPrefix = StoreLayout.SegmentPrefix });
        int struck = test.Store.Struck;
        using var stop = new CancellationTokenSource();

        Task<CompactionReport?> compacting = Compactor(test).CompactAsync(CompactionOptions.Now, stop.Token);
        await Testing.Eventually.TrueAsync(() => test.Store.Struck > struck, "the store spoils an upload");
        await AssertKeptAsync(test, 8);
        Assert.False(isSwitching);
        test.Store.Heal();
        test.Volume.Parts.Writer!.Uploader.RetryNow();
        Assert.True((await compacting)!.IsComplete);

        await CollectAsync(test);
        await AssertKeptAsync(test, 8);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Compact_StoppedWhileTheStoreIsAway_LeavesEverythingWhereItWas()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = Storage.StoreVerb.PutFile });
        int struck = test.Store.Struck;
        using var stop = new CancellationTokenSource();
        Task<CompactionReport?> compacting = Compactor(test).CompactAsync(CompactionOptions.Now, stop.Token);
        await Testing.Eventually.TrueAsync(() => test.Store.Struck > struck, "an upload fails");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => compacting);
        test.Store.Heal();
        test.Volume.Parts.Writer!.Uploader.RetryNow();
        await test.DrainAsync();

        await AssertKeptAsync(test, 8);
        Assert.True((await Compactor(test).CompactAsync(CompactionOptions.Now, default))!.IsComplete);
        await CollectAsync(test);
        Assert.True(StoredBytes(test) < SpaceSurvey.Target * 8 * Length, $"{StoredBytes(test)} bytes stored");
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Compact_ASegmentThatCannotBeRead_LeavesItAlone()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8);
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        string damaged = SegmentFiles(test).First();
        byte[] content = await File.ReadAllBytesAsync(damaged);
        content.AsSpan(64, content.Length - 200).Clear();
        await File.WriteAllBytesAsync(damaged, content);
        await test.OpenAsync();

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;

        Assert.False(report.IsComplete);
        Assert.Equal(3, report.Segments);
        await CollectAsync(test);
        CompactionReport again = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        Assert.Equal((0, 0L, false), (again.Segments, again.CopiedBytes, again.IsComplete));
        Assert.Equal(content, await File.ReadAllBytesAsync(damaged));
    }

    [Fact]
    public async Task Compact_FileScatteredOverManyExtents_GathersThem()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(3 << 20, 1);
        await test.FileSystem.PutAsync("a", content);
        HandleId handle = await test.FileSystem.OpenAsync("a");
        for (int i = 0; i < 200; i++)
        {
            byte[] piece = FileSystemCalls.RandomBytes(4096, i);
            int offset = (1 << 20) + (i * 37 % 256 * 4096);
            piece.CopyTo(content, offset);
            await test.FileSystem.WriteAsync(handle, offset, piece);
            await test.FileSystem.FsyncAsync(handle, dataOnly: true, default).Ok();
        }

        await test.FileSystem.CloseAsync(handle);
        await test.DrainAsync();
        Assert.True(await ExtentsAsync(test, "a") > ScatteredFiles.MaxExtents);

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;

        Assert.Equal(1, report.Windows);
        Assert.True(await ExtentsAsync(test, "a") <= 4, $"{await ExtentsAsync(test, "a")} extents");
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Compact_BetweenLookingAndSwitching_LeavesWhatWasChangedMeanwhile()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8);
        byte[] other = FileSystemCalls.RandomBytes(5000, 77);
        Compactor(test).Move.BeforeStep = async step =>
        {
            if (step != 3)
            {
                return;
            }

            HandleId written = await test.FileSystem.OpenAsync("f0");
            await test.FileSystem.WriteAsync(written, 20_000, other);
            await test.FileSystem.CloseAsync(written);
            InodeAttributes cut = await test.FileSystem.LookupAsync("f1");
            await test.FileSystem.SetAttributesAsync(cut.Id, new AttributeChange { Size = 33_333 }, default, default).Ok();
            await test.FileSystem.UnlinkAsync(InodeId.Root, "f2"u8.ToArray(), default).Ok();
            HandleId from = await test.FileSystem.OpenAsync("f3");
            CreatedFile to = await test.FileSystem.CreateAsync("clone");
            Assert.Equal(Length, await test.FileSystem.CopyRangeAsync(from, 0, to.Handle, 0, Length, default).Ok());
            await test.FileSystem.CloseAsync(from);
            await test.FileSystem.CloseAsync(to.Handle);
            await test.FileSystem.SyncAsync(default).Ok();
        };

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        await CollectAsync(test);

        Assert.True(report.IsComplete);
        byte[] first = FileSystemCalls.RandomBytes(Length, 0);
        other.CopyTo(first, 20_000);
        FileSystemCalls.AssertSame(first, await test.FileSystem.GetAsync("f0"));
        FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(Length, 1)[..33_333], await test.FileSystem.GetAsync("f1"));
        FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(Length, 3), await test.FileSystem.GetAsync("clone"));
        FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(Length, 3), await test.FileSystem.GetAsync("f3"));
        Assert.False(await test.FileSystem.ExistsAsync("f2"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Compact_StagingWithoutRoomToSpare_IsNotBegun()
    {
        await using TestVolume test = await PartlyDeadAsync(files: 40, kept: 8, new TestVolumeOptions { StagingBytes = 1 << 20 });

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;

        Assert.Equal((0L, false), (report.CopiedBytes, report.IsComplete));
    }

    private static Compactor Compactor(TestVolume test) => test.Volume.Parts.Writer!.Compactor;

    private static async Task<TestVolume> PartlyDeadAsync(int files, int kept, TestVolumeOptions? options = null)
    {
        TestVolume test = await TestVolume.CreateAsync(options);
        for (int segment = 0; segment < 4; segment++)
        {
            for (int i = segment; i < files; i += 4)
            {
                await test.FileSystem.PutAsync($"f{i}", FileSystemCalls.RandomBytes(Length, i));
            }

            await test.DrainAsync();
        }

        await RemoveAsync(test, kept, files);
        return test;
    }

    private static async Task RemoveAsync(TestVolume test, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            await test.FileSystem.UnlinkAsync(InodeId.Root, FileSystemCalls.Bytes($"f{i}"), default).Ok();
        }

        await test.DrainAsync();
        await test.Volume.Parts.Metadata.MakeDurableAsync(test.Volume.Parts.Metadata.Applied);
    }

    private static async Task AssertKeptAsync(TestVolume test, int kept)
    {
        for (int i = 0; i < kept; i++)
        {
            FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(Length, i), await test.FileSystem.GetAsync($"f{i}"), $"f{i}");
        }
    }

    // Condemned, published, deleted.
    private static async Task CollectAsync(TestVolume test)
    {
        await test.Volume.Parts.Metadata.MakeDurableAsync(test.Volume.Parts.Metadata.Applied);
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        await test.FileSystem.MakeDirectoryAsync(Guid.NewGuid().ToString()); // So that there is something to publish.
        await test.DrainAsync();
        await test.Volume.Parts.Writer.Collector.CollectAsync(TimeSpan.Zero, default);
    }

    private static async Task<int> ExtentsAsync(TestVolume test, string name)
    {
        InodeAttributes inode = await test.FileSystem.LookupAsync(name);
        return (await test.Volume.Parts.Metadata.GetExtentsAsync(inode.Id, 0, long.MaxValue, int.MaxValue)).Value.Extents.Count;
    }

    private static IEnumerable<string> SegmentFiles(TestVolume test) =>
        Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories);

    private static long StoredBytes(TestVolume test) => SegmentFiles(test).Sum(static path => new FileInfo(path).Length);
}
