using HipaaFs.Metadata;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Staging;

public sealed class UploadTests
{
    private const int NotSettled = 587;

    [Fact]
    public async Task Upload_StoreFailing_IsTriedAgainUntilItWorks()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(200_000, 1);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile, Error = StoreError.Throttled });
        await test.FileSystem.PutAsync("a", content);
        using var stop = new CancellationTokenSource();
        Task<string?> draining = test.Volume.DrainAsync(new Progress<DrainProgress>(), stop.Token);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().UploadError is not null, "an upload fails");

        VolumeStatus status = test.Volume.GetStatus();
        Assert.Equal(("Throttled", 1, false), (status.UploadError, status.StagedSegments, status.IsStoreReachable));
        Assert.NotNull(status.OldestStaged);
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        test.Store.Heal();
        Assert.Null(await draining);
        status = test.Volume.GetStatus();
        Assert.Equal((null, 0, 0L, true), (status.UploadError, status.StagedSegments, status.StagedBytes, status.IsStoreReachable));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Upload_StoreAway_IsLeftAloneAndStatusSaysSinceWhenAndWhy()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.StopAsync();
        await test.OpenAsync(arrange: static store => store.IsRemote = true);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        await FinishAsync(test, "a", FileSystemCalls.RandomBytes(100_000, 1));
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return test.Volume.GetStatus().StoreBreakerOpenSince is not null;
            },
            "the breaker opens");

        VolumeStatus status = test.Volume.GetStatus();
        Assert.Equal(("injected", false), (status.StoreFailure, status.IsStoreReachable));
        Assert.True(status.StoreBreakerOpenSince <= time.GetUtcNow());
        test.Store.Heal();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return test.Volume.GetStatus() is { StoreBreakerOpenSince: null, StagedSegments: 0, IsStoreReachable: true };
            },
            "it closes, and the upload is done");
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Upload_AsManySegmentsFailingAsThereAreWorkers_OthersGoOn()
    {
        const int hopeless = Uploader.Workers;
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        var all = new List<string>();
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/" });
        for (int i = 0; i < hopeless; i++)
        {
            all.Add(await FinishAsync(test, $"bad{i}", content));
        }

        await Eventually.TrueAsync(() => test.Volume.GetStatus().FailedSegments == hopeless, "they fail");
        test.Store.Heal();
        foreach (string bad in all)
        {
            test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile, KeyPrefix = $"seg/{bad[..2]}/{bad}", Error = StoreError.Corrupt });
        }

        // The clock stands still: nothing that waits for another try gets it.
        string good = await FinishAsync(test, "good", content);
        await Eventually.TrueAsync(() => File.Exists(StoredPath(test, good)), "what comes after them is uploaded");
        await Eventually.TrueAsync(() => test.Volume.GetStatus().StagedSegments == hopeless, "it leaves staging");

        VolumeStatus status = test.Volume.GetStatus();
        Assert.Equal((hopeless, "Unavailable"), (status.FailedSegments, status.UploadError));
        time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => test.Volume.GetStatus().UploadError == "Corrupt", "they are tried again when their time has come");
        test.Store.Heal();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return test.Volume.GetStatus().StagedSegments == 0;
            },
            "they are tried again for ever");
        Assert.Equal((0, null), (test.Volume.GetStatus().FailedSegments, test.Volume.GetStatus().UploadError));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Upload_AnswerLost_FindsTheObjectThere()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        test.Store.Add(new StoreFault(StoreFaultKind.FailAfterwards) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/", Count = 1 });
        await test.FileSystem.PutAsync("a", [1, 2, 3]);
        await test.DrainAsync();

        Assert.Equal(1, test.Store.Struck);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Upload_CutShortByTheStore_IsNotTakenForDone()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        test.Store.Add(new StoreFault(StoreFaultKind.Truncate) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/" });
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        await test.FileSystem.PutAsync("a", content);
        using var stop = new CancellationTokenSource();
        Task draining = test.Volume.DrainAsync(new Progress<DrainProgress>(), stop.Token);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().UploadError == "Corrupt", "the upload is found to be cut short");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => draining);
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        Assert.Equal(1, test.Volume.GetStatus().StagedSegments);
    }

    [Fact]
    public async Task Upload_OfWhatReplacesADamagedObjectLost_IsNotTakenForDone()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        test.Store.Add(new StoreFault(StoreFaultKind.Flip) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/", Count = 1 });
        test.Store.Add(new StoreFault(StoreFaultKind.Lose) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/", Skip = 2, Count = 1 }); // The second finds the damaged object there.
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();

        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(content, await restored.FileSystem.GetAsync("a"));
        }

        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_WithFinishedSegmentsInStaging_UploadsThem()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        await test.FileSystem.PutAsync("a", content);
        await test.StopAsync();
        string staged = Assert.Single(Directory.EnumerateFiles(test.StagingDirectory, "*.seg"));
        await test.OpenAsync();
        await test.DrainAsync();

        Assert.True(File.Exists(StoredPath(test, Path.GetFileNameWithoutExtension(staged))));
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_AfterACrashWithAnUnfinishedSegment_RepacksItUnderANewId()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(1_000_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.PutAsync("b", content[..777]);
        await test.FileSystem.SyncAsync(default).Ok();
        string unfinished = Path.GetFileNameWithoutExtension(Assert.Single(Directory.EnumerateFiles(test.StagingDirectory, "*.seg")));
        await using TestVolume crashed = await test.CrashAsync();
        FileSystemCalls.AssertSame(content, await crashed.FileSystem.GetAsync("a"));
        await crashed.DrainAsync();

        Assert.False(File.Exists(StoredPath(crashed, unfinished)));
        Assert.Empty(Directory.EnumerateFiles(crashed.StagingDirectory, "*.seg"));
        FileSystemCalls.AssertSame(content, await crashed.FileSystem.GetAsync("a"));
        Assert.Equal(content[..777], await crashed.FileSystem.GetAsync("b"));
        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Read_WhileASegmentIsRepacked_NeverFails()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(20 << 20, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        await using TestVolume crashed = test.CopyFiles();
        await crashed.OpenAsync();
        HandleId handle = await crashed.FileSystem.OpenAsync("a", OpenFlags.Read);
        var random = new Random(1);
        do
        {
            int offset = random.Next(content.Length - 50_000);
            Assert.Equal(content[offset..(offset + 50_000)], await crashed.FileSystem.ReadAsync(handle, offset, 50_000));
        }
        while (crashed.Volume.Parts.Staging.Stranded.Count > 0);

        FileSystemCalls.AssertSame(content, await crashed.FileSystem.ReadAsync(handle, 0, content.Length));
        await crashed.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Read_WhileSegmentsAreFinishedAndUploaded_NeverFails()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        Writeback writeback = test.Volume.Parts.Writer!.Writeback;
        for (int i = 0; i < 30; i++)
        {
            byte[] content = FileSystemCalls.RandomBytes(20_000, i);
            await test.FileSystem.PutAsync($"f{i}", content);
            await test.FileSystem.SyncAsync(default).Ok();
            Task<FsError> finishing = writeback.FinishSegmentsAsync();
            HandleId handle = await test.FileSystem.OpenAsync($"f{i}", OpenFlags.Read);
            do
            {
                Assert.Equal(content, await test.FileSystem.ReadAsync(handle, 0, content.Length));
                test.Volume.Parts.Views.ForgetAll();
            }
            while (!finishing.IsCompleted || test.Volume.Parts.Writer.Uploader.Pending > 0);
            await test.FileSystem.CloseAsync(handle);
        }
    }

    [Fact]
    public async Task Open_AfterACrashBetweenUploadAndCommit_FindsTheObjectAgain()
    {
        // Nothing commits by itself: what the upload changed is lost, its renamed file is not.
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(300_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        await test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync();
        Assert.True(await test.Volume.Parts.Writer.Uploader.WaitUntilUploadedAsync(default));
        await using TestVolume crashed = await test.CrashAsync(static copy => Directory.Delete(copy.CacheDirectory, recursive: true));
        await crashed.DrainAsync();
        await Eventually.TrueAsync(
            async () => (await crashed.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Staged, null, 1)).Value.Count == 0, "the object is found");

        FileSystemCalls.AssertSame(content, await crashed.FileSystem.GetAsync("a"));
        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_AfterACrashBetweenUploadAndCommit_AsksAStoreThatFailsAgain()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        byte[] content = FileSystemCalls.RandomBytes(300_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        await test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync();
        Assert.True(await test.Volume.Parts.Writer.Uploader.WaitUntilUploadedAsync(default));
        await using TestVolume crashed = test.CopyFiles();
        Directory.Delete(crashed.CacheDirectory, recursive: true);
        await crashed.OpenAsync(arrange: static store => store.Add(new StoreFault(StoreFaultKind.Fail) { KeyPrefix = "seg/" }));
        await Eventually.TrueAsync(() => crashed.Store.Struck > 0, "the store is asked and does not answer");
        crashed.Store.Heal();

        await Eventually.TrueAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return (await crashed.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Staged, null, 1)).Value.Count == 0;
            },
            "it is asked until it answers");
        FileSystemCalls.AssertSame(content, await crashed.FileSystem.GetAsync("a"));
        await crashed.DrainAsync();
        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_UploadedSegmentThatTheCacheDoesNotTake_OpensAllTheSame()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(300_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        await test.StopAsync();

        // As after a kill between the commit that notes the upload and the rename, with a cache directory that is spoilt since.
        string cached = Assert.Single(Directory.GetFiles(test.CacheDirectory, "*.seg", SearchOption.AllDirectories));
        string staged = Path.Combine(test.StagingDirectory, Path.GetFileName(cached));
        File.Move(cached, staged);
        Directory.Delete(Path.GetDirectoryName(cached)!, recursive: true);
        await File.WriteAllTextAsync(Path.GetDirectoryName(cached)!, "in the way");

        await test.OpenAsync();

        await Eventually.TrueAsync(() => !File.Exists(staged), "the store was asked and has it, so the staged copy goes");
        Assert.Single(test.Log.Lines, static line => line.Id.Id == NotSettled);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Write_StagingFull_FailsOrWaitsAsConfigured()
    {
        byte[] content = FileSystemCalls.RandomBytes(3 << 20, 1);
        await using TestVolume failing = await TestVolume.CreateAsync(
            new TestVolumeOptions { StagingBytes = 1 << 20, WhenFull = StagingFullMode.NoSpace });
        failing.Store.Add(new StoreFault(StoreFaultKind.Fail));
        CreatedFile file = await failing.FileSystem.CreateAsync("a");
        await failing.FileSystem.WriteAsync(file.Handle, 0, content);
        await failing.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        Assert.Equal(FsError.NoSpace, (await failing.FileSystem.WriteAsync(file.Handle, 0, content.AsMemory(0, 10), WriteOrigin.Direct, default)).Error);
        await failing.FileSystem.CloseAsync(file.Handle);

        await using TestVolume waiting = await TestVolume.CreateAsync(new TestVolumeOptions { StagingBytes = 1 << 20 });
        waiting.Store.Add(new StoreFault(StoreFaultKind.Fail));
        file = await waiting.FileSystem.CreateAsync("a");
        await waiting.FileSystem.WriteAsync(file.Handle, 0, content);
        await waiting.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        Task<FsResult<int>> write = waiting.FileSystem.WriteAsync(file.Handle, 0, content.AsMemory(0, 10), WriteOrigin.Direct, default).AsTask();
        Assert.False(write.IsCompleted);
        waiting.Store.Heal();
        Assert.Equal(10, (await write).Ok());
        await waiting.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Write_MoreThanMemory_GoesOnAsWritebackMakesRoom()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(100 << 20, 1);
        await test.FileSystem.PutAsync("a", content);

        Assert.True(test.Volume.GetStatus().DirtyBytes <= test.Volume.GetStatus().DirtyMaxBytes);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        await test.DrainAsync();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        Assert.All(
            Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories),
            static path => Assert.InRange(new FileInfo(path).Length, 1, 64 << 20));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Unlink_FilesNeverApplied_GivesTheirMemoryBack()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        for (int i = 0; i < 100; i++)
        {
            await test.FileSystem.PutAsync("a", new byte[20_000]);
            await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        }

        Assert.Equal(0, test.Volume.GetStatus().DirtyBytes);
        await test.FileSystem.PutAsync("b", [1]);
        HandleId handle = await test.FileSystem.OpenAsync("b");
        time.Advance(Writeback.MaxAge);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().DirtyBytes == 0, "writeback takes what has come of age");
        await Eventually.TrueAsync(() => test.Volume.Parts.Files.Count == 1, "it lets go of files that are gone");
        await test.FileSystem.CloseAsync(handle);
        Assert.Equal(0, test.Volume.Parts.Files.Count);
    }

    [Fact]
    public async Task Open_StoreUnreachable_TakesWritesAndUploadsLater()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        await test.OpenAsync(arrange: static store => store.Add(new StoreFault(StoreFaultKind.Fail)));
        byte[] content = FileSystemCalls.RandomBytes(50_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.FsyncAsync("a");
        await test.ReopenAsync();

        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        await test.DrainAsync();
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Close_OfALargeFile_UploadsItsSegmentWithoutWaitingForMore()
    {
        const int length = 20 << 20;
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        CreatedFile large = await test.FileSystem.CreateAsync("large");
        await test.FileSystem.WriteAsync(large.Handle, 0, new byte[length]);
        await test.FileSystem.FsyncAsync("large");

        // What is ripe after one pass of writeback is finished before the next.
        await test.FileSystem.PutAsync("small", new byte[10]);
        await test.FileSystem.FsyncAsync("small");
        await test.FileSystem.PutAsync("another", new byte[10]);
        await test.FileSystem.FsyncAsync("another");
        MetadataResult<IReadOnlyList<SegmentRow>> open = await test.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Staged, null, 10);
        Assert.Equal(2, open.Value.Count);
        Assert.All(open.Value, static row => Assert.Equal(0, row.ObjectLength));

        await test.FileSystem.CloseAsync(large.Handle);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().StagedSegments == 1, "it goes up on a clock that stands still; the one that small files share does not");
        await test.DrainAsync();
        await test.AssertSoundAsync();
    }

    // Stages a file in a segment of its own and hands that to the uploader. Returns the segment.
    private static async Task<string> FinishAsync(TestVolume test, string name, byte[] content)
    {
        string[] before = Directory.GetFiles(test.StagingDirectory, "*.seg");
        await test.FileSystem.PutAsync(name, content);
        await test.FileSystem.SyncAsync(default).Ok();
        string segment = Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg").Except(before));
        Assert.Equal(FsError.None, await test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync());
        return Path.GetFileNameWithoutExtension(segment);
    }

    private static string StoredPath(TestVolume test, string segment) => Path.Combine(test.StoreDirectory, "seg", segment[..2], segment);
}
