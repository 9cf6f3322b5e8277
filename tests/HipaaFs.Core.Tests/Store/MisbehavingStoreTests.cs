using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Store;

/// <summary>The store misbehaves, in each way it can: what was promised is readable, or refused; never other bytes. Staging lets nothing go that the store does not have.</summary>
public sealed class MisbehavingStoreTests
{
    private const int UploadFailed = 550;
    private const int Size = 300_000;
    private const string Segments = "seg/";

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(20);

    [Fact]
    public Task Upload_Fails_StaysStagedUntilItSucceeds() => UploadAsync(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.Unavailable });

    [Fact]
    public Task Upload_IsRefused_StaysStagedUntilItSucceeds() => UploadAsync(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.AccessDenied });

    [Fact]
    public Task Upload_ReplyIsLost_StaysStagedUntilItIsFoundWhole() => UploadAsync(new StoreFault(StoreFaultKind.FailAfterwards));

    [Fact]
    public Task Upload_AdapterThrows_StaysStagedUntilItSucceeds() => UploadAsync(new StoreFault(StoreFaultKind.Throw));

    [Fact]
    public Task Upload_NeverAnswered_TimesOutAndStaysStaged() => UploadAsync(new StoreFault(StoreFaultKind.Hang));

    [Fact]
    public Task Upload_DoneAndNeverAnswered_TimesOutAndStaysStaged() => UploadAsync(new StoreFault(StoreFaultKind.HangAfterwards));

    [Fact]
    public Task Upload_Slow_StaysStagedMeanwhile() => UploadAsync(new StoreFault(StoreFaultKind.Delay) { Delay = Slow }, fails: false);

    [Fact]
    public Task Upload_CutOff_IsNotBelieved() => UploadAsync(new StoreFault(StoreFaultKind.Truncate));

    [Fact]
    public Task Upload_OneBitOther_IsNotBelieved() => UploadAsync(new StoreFault(StoreFaultKind.Flip));

    [Fact]
    public Task Upload_AnsweredAndNotThereAfterwards_IsNotBelieved() => UploadAsync(new StoreFault(StoreFaultKind.Lose));

    [Fact]
    public async Task Upload_AnOldObjectHasTheName_IsPutRight()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] old = FileSystemCalls.RandomBytes(Size, 1);
        byte[] content = FileSystemCalls.RandomBytes(Size, 2);
        await test.FileSystem.PutAsync("old", old);
        await test.DrainAsync();
        string stored = Assert.Single(ObjectsOf(test));
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        string name = Path.GetFileNameWithoutExtension(Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg")));
        string place = Path.Combine(test.StoreDirectory, "seg", name[..2], name);
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        File.Copy(stored, place);

        await test.DrainAsync();
        await AssertStoreAloneHasAsync(test, ("old", old), ("a", content));
    }

    [Fact]
    public Task Read_Fails_IsRefused() => ReadAsync(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.Unavailable });

    [Fact]
    public Task Read_ObjectIsGone_IsRefused() => ReadAsync(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.NotFound });

    [Fact]
    public Task Read_NeverAnswered_TimesOut() => ReadAsync(new StoreFault(StoreFaultKind.Hang));

    [Fact]
    public Task Read_CutOff_IsRefused() => ReadAsync(new StoreFault(StoreFaultKind.Truncate));

    [Fact]
    public Task Read_OneBitOther_IsRefused() => ReadAsync(new StoreFault(StoreFaultKind.Flip));

    [Fact]
    public Task Read_AnotherObject_IsRefused() => ReadAsync(new StoreFault(StoreFaultKind.WrongObject));

    [Fact]
    public Task Read_Slow_GivesTheBytes() => ReadAsync(new StoreFault(StoreFaultKind.Delay) { Delay = Slow, Count = 1 }, fails: false);

    [Fact]
    public Task Read_OneBitOtherOnce_IsFetchedAgain() => ReadAsync(new StoreFault(StoreFaultKind.Flip) { Count = 1 }, fails: false);

    [Fact]
    public async Task Read_ObjectOfAnotherSegmentUnderTheName_IsRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] old = FileSystemCalls.RandomBytes(Size, 1);
        byte[] content = FileSystemCalls.RandomBytes(Size, 2);
        await test.FileSystem.PutAsync("old", old);
        await test.DrainAsync();
        string first = Assert.Single(ObjectsOf(test));
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        string second = Assert.Single(ObjectsOf(test), path => path != first);
        await ReopenWithoutCacheAsync(test);
        byte[] bytes = File.ReadAllBytes(first);
        File.Delete(second);
        File.WriteAllBytes(second, bytes); // Of the same length, whole and authentic, but of another segment.

        Assert.NotEqual(FsError.None, await TryReadAsync(test, "a", content));
        Assert.Equal(FsError.None, await TryReadAsync(test, "old", old));
    }

    [Fact]
    public async Task Read_UploadedAndGoneAfterwards_IsRefusedAndComesBackFromTheCache()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        File.Delete(Assert.Single(ObjectsOf(test)));
        Assert.Equal(FsError.None, await TryReadAsync(test, "a", content));
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.False(report.IsComplete);
            Assert.NotEqual(FsError.None, await TryReadAsync(restored, "a", content));
        }

        ScrubReport scrubbed = (await test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;
        Assert.Equal((0, 1), (scrubbed.Damaged, scrubbed.Repaired));
        await AssertStoreAloneHasAsync(test, ("a", content));
    }

    // The fault strikes twice; at every moment the content is readable, and staging holds it for as long as the store does not.
    private static async Task UploadAsync(StoreFault fault, bool fails = true)
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        test.Store.Add(fault with { Verb = StoreVerb.PutFile, KeyPrefix = Segments, Count = 2 });
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(FsError.None, await test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync());
        byte[] whole = await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg"))); // Until the clock moves nothing is done again.
        Task drained = DrainPatientlyAsync(test);
        while (!drained.IsCompleted)
        {
            if (Directory.GetFiles(test.StagingDirectory, "*.seg").Length == 0)
            {
                Assert.Equal(whole, await File.ReadAllBytesAsync(Assert.Single(ObjectsOf(test))));
            }

            Assert.Equal(FsError.None, await TryReadAsync(test, "a", content));
            await Task.WhenAny(drained, test.Store.WhenIdleAsync()); // A call that is being answered does not time out.
            time.Advance(Step);
        }

        await drained;
        Assert.Equal(fails, test.Log.Count(UploadFailed) > 0);
        Assert.True(test.Store.Struck >= 1, "the fault never struck");
        Assert.Equal(0, test.Volume.GetStatus().StagedSegments);
        test.Store.Heal();
        await AssertStoreAloneHasAsync(test, ("a", content));
    }

    // The fault strikes every read of the store; then it is healed.
    private static async Task ReadAsync(StoreFault fault, bool fails = true)
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();
        await ReopenWithoutCacheAsync(test);
        test.Store.Add(fault with { Verb = StoreVerb.Read, KeyPrefix = Segments });

        Task<FsError> reading = TryReadAsync(test, "a", content);
        if (fault.Kind == StoreFaultKind.Hang)
        {
            await time.AdvanceUntilEndedAsync(reading, Step, test.Store);
        }
        else if (fault.Kind == StoreFaultKind.Delay)
        {
            await Eventually.TrueAsync(() => test.Store.Delayed > 0, "the store is slow");
            time.Advance(Slow);
        }

        FsError error = await reading;
        Assert.True(test.Store.Struck >= 1, "the fault never struck");
        if (fails)
        {
            Assert.Contains(error, new[] { FsError.Io, FsError.NotAuthentic, FsError.TimedOut });
        }
        else
        {
            Assert.Equal(FsError.None, error);
        }

        test.Store.Heal();
        Assert.Equal(FsError.None, await TryReadAsync(test, "a", content));
        await test.AssertSoundAsync();
    }

    // Every byte that is given is the right one; why the first that is not given is refused.
    private static async Task<FsError> TryReadAsync(TestVolume test, string name, byte[] content)
    {
        HandleId handle = await test.FileSystem.OpenAsync(name, OpenFlags.Read);
        try
        {
            const int request = 50_000;
            byte[] buffer = new byte[request];
            for (int at = 0; at < content.Length; at += request)
            {
                FsResult<int> read = await test.FileSystem.ReadAsync(handle, at, buffer, default);
                if (!read.IsOk)
                {
                    return read.Error;
                }

                Assert.Equal(Math.Min(request, content.Length - at), read.Value);
                FileSystemCalls.AssertSame(content.AsSpan(at, read.Value).ToArray(), buffer[..read.Value], name);
            }

            return FsError.None;
        }
        finally
        {
            await test.FileSystem.ReleaseAsync(handle);
        }
    }

    // A clock that runs ahead has calls time out that would have been answered; they are made again.
    private static Task DrainPatientlyAsync(TestVolume test) => Eventually.TrueAsync(
        async () => await test.Volume.DrainAsync(new Progress<DrainProgress>(), default) is null, "everything is uploaded and published");

    private static async Task ReopenWithoutCacheAsync(TestVolume test)
    {
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();
    }

    private static async Task AssertStoreAloneHasAsync(TestVolume test, params (string Name, byte[] Content)[] files)
    {
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.True(report.IsComplete);
            foreach ((string name, byte[] content) in files)
            {
                Assert.Equal(FsError.None, await TryReadAsync(restored, name, content));
            }
        }

        await test.AssertSoundAsync();
    }

    private static string[] ObjectsOf(TestVolume test)
    {
        string segments = Path.Combine(test.StoreDirectory, "seg");
        return Directory.Exists(segments) ? Directory.GetFiles(segments, "*", SearchOption.AllDirectories) : [];
    }
}
