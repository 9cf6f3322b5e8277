using HipaaFs.Collection;
using HipaaFs.Metadata;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Volumes;

/// <summary>What runs behind the file system goes on after a round that ended in a way nobody foresaw.</summary>
public sealed class LoopTests
{
    private const int PassFailed = 533;
    private const int UploadFailed = 559;
    private const int PublicationFailed = 563;
    private const int CollectionFailed = 572;

    [Fact]
    public async Task Writeback_APassThrows_TheNextOneWritesEverything()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(file.Handle, 0, content);
        test.StagingFault = static _ => throw new InvalidOperationException("injected");

        Assert.Equal(FsError.Io, await test.FileSystem.FsyncAsync(file.Handle, false, default));
        await Eventually.TrueAsync(() => test.Log.Count(PassFailed) > 0, "the pass is logged");
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        test.StagingFault = null;
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        await using TestVolume crashed = await test.CrashAsync();
        Assert.Equal(content, await crashed.FileSystem.GetAsync("a"));
        await test.FileSystem.CloseAsync(file.Handle);
        await test.DrainAsync();
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Writeback_ASnapshotIsCancelledInTheLoop_TellsWhoAskedAndNobodyElse()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        Writeback writeback = test.Volume.Parts.Writer!.Writeback;
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<FsError> before = writeback.RunWithFinishedSegmentsAsync(async () =>
        {
            entered.SetResult();
            await goOn.Task;
            return FsError.None;
        });
        await entered.Task;
        Task<FsError> cancelled = writeback.RunWithFinishedSegmentsAsync(
            async () => (await test.Volume.Parts.Catalog.CreateAsync("a", new CancellationToken(canceled: true))).Error);
        Task<FsError> behind = writeback.RunWithFinishedSegmentsAsync(static () => Task.FromResult(FsError.None));
        goOn.SetResult();

        Assert.Equal(FsError.None, await before);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(FsError.None, await behind);
        Assert.Equal(0, test.Log.Count(PassFailed));
    }

    [Fact]
    public async Task Writeback_SomethingBetweenPassesThrows_WhatWaitsBehindItIsDone()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        Writeback writeback = test.Volume.Parts.Writer!.Writeback;
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<FsError> before = writeback.RunWithFinishedSegmentsAsync(async () =>
        {
            entered.SetResult();
            await goOn.Task;
            return FsError.None;
        });
        await entered.Task;
        Task<FsError> failed = writeback.RunWithFinishedSegmentsAsync(static () => throw new InvalidOperationException("injected"));
        Task<FsError> behind = writeback.RunWithFinishedSegmentsAsync(static () => Task.FromResult(FsError.None));
        goOn.SetResult();

        Assert.Equal(FsError.None, await before);
        Assert.Equal(FsError.Io, await failed);
        Assert.Equal(FsError.None, await behind.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(1, test.Log.Count(PassFailed));
    }

    [Fact]
    public async Task Uploader_AStoreThrows_IsTriedAgain()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        test.Store.Add(new StoreFault(StoreFaultKind.Throw) { KeyPrefix = "seg/" });
        await test.FileSystem.PutAsync("a", [1, 2, 3]);
        Task<string?> draining = test.Volume.DrainAsync(new Progress<HipaaFs.Volumes.DrainProgress>(), default);
        await Eventually.TrueAsync(() => test.Log.Count(UploadFailed) > 3, "more tries fail than there are workers");
        test.Store.Heal();

        Assert.Null(await draining);
        Assert.Empty(Directory.EnumerateFiles(test.StagingDirectory, "*.seg"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Publisher_APublicationThrows_TheNextOneIsMade()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.FileSystem.PutAsync("a", [1, 2, 3]);
        await test.FileSystem.SyncAsync(default).Ok();
        test.Store.Add(new StoreFault(StoreFaultKind.Throw) { Verb = StoreVerb.PutFile, KeyPrefix = "stream/" });

        await Eventually.TrueAsync(() => Passed(time, test.Options.PublishInterval, test.Log.Count(PublicationFailed) > 0), "a publication throws");
        Assert.Equal(default, test.Volume.Parts.Writer!.Publisher.PublishedSequence);
        test.Store.Heal();
        await Eventually.TrueAsync(
            () => Passed(time, test.Options.PublishInterval, test.Volume.Parts.Writer.Publisher.PublishedSequence > default(CommitSequence)), "the next one is made");

        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal([1, 2, 3], await restored.FileSystem.GetAsync("a"));
        }
    }

    [Fact]
    public async Task Collector_ARoundThrows_TheNextOneCollects()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1));
        await test.DrainAsync();
        string segment = Assert.Single(Segments(test));
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();
        test.Store.Add(new StoreFault(StoreFaultKind.Throw) { Verb = StoreVerb.Delete, KeyPrefix = "seg/" });

        await Eventually.TrueAsync(() => Passed(time, SegmentCollector.Grace, test.Log.Count(CollectionFailed) > 0), "a round throws");
        Assert.Equal(segment, Assert.Single(Segments(test)));
        test.Store.Heal();
        await Eventually.TrueAsync(() => Passed(time, SegmentCollector.Grace, !Segments(test).Any()), "the next one collects");
        await test.AssertSoundAsync();
    }

    // Time goes on only while the state has not come.
    private static bool Passed(ManualTimeProvider time, TimeSpan by, bool isSo)
    {
        if (!isSo)
        {
            time.Advance(by);
        }

        return isSo;
    }

    private static IEnumerable<string> Segments(TestVolume test) =>
        Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories);
}
