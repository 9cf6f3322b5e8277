using HipaaFs.Core.Tests.Content;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Durability;

public sealed class StagingFaultTests
{
    [Fact]
    public async Task Fsync_DiskFull_IsReportedUntilTheDataIsSafe()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        test.StagingFault = static length => length < 0 ? null : length / 2;
        await test.FileSystem.WriteAsync(file.Handle, 0, content);

        Assert.Equal(FsError.NoSpace, await test.FileSystem.FsyncAsync(file.Handle, false, default));
        HandleId later = await test.FileSystem.OpenAsync("a");
        Assert.Equal(FsError.NoSpace, await test.FileSystem.FsyncAsync(later, false, default));
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        Assert.Equal("NoSpace", test.Volume.GetStatus().WritebackError);
        test.StagingFault = null;
        await test.FileSystem.FsyncAsync(later, false, default).Ok();
        await using TestVolume crashed = await test.CrashAsync();
        Assert.Equal(content, await crashed.FileSystem.GetAsync("a"));
        Assert.Null(test.Volume.GetStatus().WritebackError);
        await test.FileSystem.CloseAsync(later);
        await test.FileSystem.CloseAsync(file.Handle);
        await test.DrainAsync();
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Write_FromThePageCacheOnAFullDisk_IsTakenWholeOrRefusedWhole()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        test.StagingFault = static length => length < 0 ? null : 0;
        byte[] chunk = new byte[1 << 20];
        FsResult<int> taken;
        long offset = 0;
        do
        {
            taken = await test.FileSystem.WriteAsync(file.Handle, offset, chunk, WriteOrigin.PageCache, default);
            Assert.True(!taken.IsOk || taken.Value == chunk.Length, "the kernel forgets what a short answer leaves out");
            offset += chunk.Length;
        }
        while (taken.IsOk);

        Assert.Equal(FsError.NoSpace, taken.Error);
        test.StagingFault = null;

        // The kernel has forgotten the refused chunk: nobody may believe the file before that is written again.
        HandleId later = await test.FileSystem.OpenAsync("a");
        Assert.Equal(FsError.NoSpace, await test.FileSystem.FsyncAsync(file.Handle, false, default));
        Assert.Equal(FsError.NoSpace, await test.FileSystem.FsyncAsync(later, false, default));
        Assert.Equal(FsError.NoSpace, await test.FileSystem.FlushAsync(later, default));
        Assert.True((await test.FileSystem.WriteAsync(later, offset - chunk.Length, chunk.AsMemory(1), WriteOrigin.PageCache, default)).IsOk);
        Assert.Equal(FsError.NoSpace, await test.FileSystem.FsyncAsync(later, false, default));
        Assert.True((await test.FileSystem.WriteAsync(later, offset - chunk.Length, chunk, WriteOrigin.PageCache, default)).IsOk);
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        await test.FileSystem.CloseAsync(later);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Fsync_OfWhatWasRefusedAfterTheLastClose_FailsUntilTheFileIsGone()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        Assert.False((await test.FileSystem.WriteAsync(file.Handle, long.MaxValue - 10, new byte[100], WriteOrigin.PageCache, default)).IsOk);
        await test.FileSystem.ReleaseAsync(file.Handle).Ok();

        HandleId again = await test.FileSystem.OpenAsync("a");
        Assert.Equal(FsError.TooLarge, await test.FileSystem.FsyncAsync(again, false, default));
        await test.FileSystem.ReleaseAsync(again).Ok();
        Assert.Equal((1, "TooLarge"), (test.Volume.GetStatus().LostFiles, test.Volume.GetStatus().LostError));

        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        Assert.Equal((0, null), (test.Volume.GetStatus().LostFiles, test.Volume.GetStatus().LostError));
        Assert.Equal(0, test.Volume.Parts.Files.Count);
    }

    // What nobody can write again any more must not be waited for.
    [Fact]
    public async Task Unlink_WhileTheLastHandleIsClosed_ForgetsWhatWasRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        Assert.False((await test.FileSystem.WriteAsync(file.Handle, long.MaxValue - 10, new byte[100], WriteOrigin.PageCache, default)).IsOk);
        var reached = new TaskCompletionSource();
        var closed = new TaskCompletionSource();
        test.Rows.BeforeUnlink = () =>
        {
            reached.SetResult();
            return closed.Task;
        };
        Task<FsError> unlinking = test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).AsTask();
        await reached.Task;
        await test.FileSystem.ReleaseAsync(file.Handle).Ok();
        closed.SetResult();

        Assert.Equal(FsError.None, await unlinking);
        Assert.Equal(0, test.Volume.GetStatus().LostFiles);
        Assert.Equal(0, test.Volume.Parts.Files.Count);
    }

    [Fact]
    public void LostWrites_OfScatteredRewrites_StayFewAndNeverClaimToBeWhole()
    {
        var lost = new LostWrites();
        for (long page = 0; page < 1000; page++)
        {
            lost.Add(page * 8192, (page * 8192) + 4096, FsError.NoSpace);
        }

        for (long page = 0; page < 100_000; page += 2)
        {
            lost.Remove(page * 100, (page * 100) + 10);
        }

        Assert.Equal(FsError.NoSpace, lost.Error);
        lost.Remove(0, long.MaxValue);
        Assert.Equal(FsError.None, lost.Error);
    }

    [Fact]
    public void LostWrites_OfMoreRangesThanAreKept_SpanNoMoreThanNeighbours()
    {
        const long step = 1 << 20;
        var lost = new LostWrites();
        for (long i = 0; i < 5000; i++)
        {
            lost.Add(i * step, (i * step) + 4096, FsError.NoSpace);
        }

        Assert.True(Enumerable.Range(0, 4999).Count(i => lost.Touches((i * step) + 8192, (i * step) + 12_288)) < 2000);
        lost.Remove(8192, 12_288);
        Assert.False(lost.Touches(8192, 12_288));
        Assert.Equal((4999 * step) + 4096, lost.End);
    }

    [Fact]
    public async Task Read_UpToWhatWasRefused_ShowsWhatIsThere()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(file.Handle, 0, new byte[4096]);
        Assert.False((await test.FileSystem.WriteAsync(file.Handle, long.MaxValue - 10, new byte[100], WriteOrigin.PageCache, default)).IsOk);

        Assert.Equal(4096, (await test.FileSystem.ReadAsync(file.Handle, 0, new byte[4096], default)).Value);
        Assert.Equal(FsError.Io, (await test.FileSystem.ReadAsync(file.Handle, long.MaxValue - 10, new byte[5], default)).Error);
        Assert.Equal(long.MaxValue, (await test.FileSystem.LookupAsync("a")).Size);
        await test.FileSystem.ReleaseAsync(file.Handle).Ok();
    }

    [Fact]
    public async Task Truncate_OfWhatWasRefused_LetsTheFileBeSynced()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        byte[] chunk = new byte[4096];
        await test.FileSystem.WriteAsync(file.Handle, 0, chunk);
        FsResult<int> refused = await test.FileSystem.WriteAsync(file.Handle, long.MaxValue - 10, chunk, WriteOrigin.PageCache, default);

        Assert.Equal(FsError.TooLarge, refused.Error);
        Assert.Equal(FsError.TooLarge, await test.FileSystem.FsyncAsync(file.Handle, false, default));
        await test.FileSystem.SetAttributesAsync(file.Attributes.Id, new AttributeChange { Size = 100 }, default, default).Ok();
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Theory]
    [InlineData(AllocateMode.ZeroRange)]
    [InlineData(AllocateMode.PunchHole)]
    [InlineData(null)] // A copy of another file.
    public async Task Replace_OfWhatWasRefused_LetsTheFileBeSynced(AllocateMode? mode)
    {
        const int size = 100_000;
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { StagingBytes = 1 << 20, WhenFull = StagingFullMode.NoSpace });
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        CreatedFile source = await test.FileSystem.CreateAsync("b");
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile });
        await test.FileSystem.PutAsync("full", FileSystemCalls.RandomBytes(2 << 20, 1));
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(FsError.NoSpace, (await test.FileSystem.WriteAsync(file.Handle, 0, new byte[size], WriteOrigin.PageCache, default)).Error);
        test.Store.Heal();
        await test.DrainAsync();
        await test.FileSystem.WriteAsync(source.Handle, 0, FileSystemCalls.RandomBytes(size, 2));
        Assert.Equal(FsError.NoSpace, await test.FileSystem.FsyncAsync(file.Handle, false, default));

        if (mode is { } how)
        {
            await test.FileSystem.AllocateAsync(file.Handle, how, 0, size, default).Ok();
        }
        else
        {
            FsResult<long> copied = await test.FileSystem.CopyRangeAsync(source.Handle, 0, file.Handle, 0, size, default);
            Assert.Equal(size, copied.Value);
        }

        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        await test.FileSystem.CloseAsync(source.Handle);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Read_OfWhatWasRefused_IsAnErrorAndNoZeros()
    {
        const int size = 100_000;
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { StagingBytes = 1 << 20, WhenFull = StagingFullMode.NoSpace });
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        CreatedFile copy = await test.FileSystem.CreateAsync("b");
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile });
        await test.FileSystem.PutAsync("full", FileSystemCalls.RandomBytes(2 << 20, 1));
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(FsError.NoSpace, (await test.FileSystem.WriteAsync(file.Handle, 0, new byte[size], WriteOrigin.PageCache, default)).Error);

        // Whoever comes later is told before the kernel takes what there is no room for.
        Assert.Equal(FsError.NoSpace, (await test.FileSystem.CreateAsync(InodeId.Root, "c"u8, new CreationMode(0x81A4, 0x12, 0), OpenFlags.Write, default, default)).Error);
        Assert.Equal(FsError.NoSpace, (await test.FileSystem.OpenAsync(file.Attributes.Id, OpenFlags.Write, default, default)).Error);
        Assert.True(test.Volume.GetStatus().IsStagingFull);

        byte[] read = new byte[10];
        Assert.False(test.FileSystem.TryRead(file.Handle, 0, read, null, out _));
        Assert.Equal(FsError.Io, (await test.FileSystem.ReadAsync(file.Handle, 0, read, default)).Error);
        Assert.Equal(FsError.Io, (await test.FileSystem.SeekAsync(file.Handle, 0, hole: false, default)).Error);
        Assert.Equal(size, (await test.FileSystem.LookupAsync("a")).Size);
        Assert.Equal(FsError.Io, (await test.FileSystem.CopyRangeAsync(file.Handle, 0, copy.Handle, 0, size, default)).Error);

        test.Store.Heal();
        await test.DrainAsync();
        byte[] content = FileSystemCalls.RandomBytes(size, 2);
        Assert.True((await test.FileSystem.WriteAsync(file.Handle, 0, content, WriteOrigin.PageCache, default)).IsOk);
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        await test.FileSystem.CloseAsync(copy.Handle);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    // A time that was left behind would make the next write look hours old, and raise the alarm of the recovery point.
    [Fact]
    public async Task Truncate_OfAllThatIsDirty_LeavesNoAge()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        Writeback writeback = test.Volume.Parts.Writer!.Writeback;
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(file.Handle, 0, new byte[100], WriteOrigin.PageCache, default);
        await test.FileSystem.SetAttributesAsync(file.Attributes.Id, new AttributeChange { Size = 0 }, default, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();
        time.Advance(TimeSpan.FromHours(1));

        await test.FileSystem.WriteAsync(file.Handle, 0, new byte[100], WriteOrigin.PageCache, default);
        Assert.True(writeback.DirtyFor < TimeSpan.FromMinutes(1));
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Drain_MetadataRefusesAFinishedSegment_BringsItsDataToTheStoreAllTheSame()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(50_000, 1);
        int refusals = 0;
        test.Rows.RefuseSegment = _ => Interlocked.Increment(ref refusals) == 1 ? MetadataError.NoSpace : MetadataError.None;
        await test.FileSystem.PutAsync("a", content);

        await test.DrainAsync();

        Assert.True(refusals > 1);
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(content, await restored.FileSystem.GetAsync("a"));
        }
    }

    [Fact]
    public async Task Truncate_AfterAFailedFsync_LeavesNothingToReport()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        test.StagingFault = static _ => 0;
        await test.FileSystem.WriteAsync(file.Handle, 0, [1, 2, 3]);
        Assert.NotEqual(FsError.None, await test.FileSystem.FsyncAsync(file.Handle, false, default));
        await test.FileSystem.SetAttributesAsync(file.Attributes.Id, new AttributeChange { Size = 0 }, default, default).Ok();

        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        test.StagingFault = null;
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Sync_Failing_SealsAgainElsewhereAndBringsEverythingToTheStore()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] first = FileSystemCalls.RandomBytes(50_000, 1);
        byte[] second = FileSystemCalls.RandomBytes(60_000, 2);
        await test.FileSystem.PutAsync("a", first);
        await test.FileSystem.FsyncAsync("a");
        test.StagingFault = static length => length < 0 ? 0 : null;
        await test.FileSystem.PutAsync("b", second);
        HandleId handle = await test.FileSystem.OpenAsync("b");
        Assert.Equal(FsError.Io, await test.FileSystem.FsyncAsync(handle, false, default));
        Assert.Single(test.Volume.Parts.Staging.Stranded);
        test.StagingFault = null;
        await test.FileSystem.FsyncAsync(handle, false, default).Ok();
        await test.FileSystem.CloseAsync(handle);

        Assert.Equal(first, await test.FileSystem.GetAsync("a"));
        await test.DrainAsync();
        Assert.Empty(test.Volume.Parts.Staging.Stranded);
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(first, await restored.FileSystem.GetAsync("a"));
            Assert.Equal(second, await restored.FileSystem.GetAsync("b"));
        }

        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Finish_Failing_IsNoBackupPointUntilTheDataIsInTheStore()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(50_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.FsyncAsync("a");
        test.StagingFault = static length => length < 0 ? null : 1;
        Assert.NotNull(await test.Volume.DrainAsync(new Progress<HipaaFs.Volumes.DrainProgress>(), default));
        Assert.False(Directory.Exists(Path.Combine(test.StoreDirectory, "stream")));
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        test.StagingFault = null;
        await test.DrainAsync();

        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(content, await restored.FileSystem.GetAsync("a"));
        }
    }

    [Fact]
    public async Task Publish_ASegmentThatCannotBeFinished_IsNoBackupPointBeforeItsDataIsElsewhere()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("first", [1]);
        await test.DrainAsync(); // What follows is an increment up to a commit; a dump would show the newest rows.
        byte[] content = FileSystemCalls.RandomBytes(50_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.FsyncAsync("a");
        int writes = 0;
        test.StagingFault = length => length >= 0 && Interlocked.Increment(ref writes) == 1 ? 0 : null;
        await test.DrainAsync();

        Assert.True(writes > 1);
        (TestVolume restored, HipaaFs.Recovery.RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(0, report.MissingSegments);
            Assert.Equal(content, await restored.FileSystem.GetAsync("a"));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nonces_WithFaultsAtEveryWriteAndCrashes_SealOneThingEach(int seed)
    {
        TestVolume test = await TestVolume.CreateAsync();
        var random = new Random(seed);
        var faults = new Random(seed + 1000);
        ModelFile[] files = [new("a"), new("b"), new("c")];
        foreach (ModelFile file in files)
        {
            file.Handle = (await test.FileSystem.CreateAsync(file.Name)).Handle;
        }

        int before = NonceWatch.Count;
        for (int i = 0; i < 300; i++)
        {
            test.StagingFault = Fault;
            ModelFile file = files[random.Next(files.Length)];
            int offset = random.Next(300_000);
            byte[] content = FileSystemCalls.RandomBytes(random.Next(1, 70_000), i);
            await test.FileSystem.WriteAsync(file.Handle, offset, content);
            file.Write(offset, content);
            if (random.Next(3) == 0)
            {
                await test.FileSystem.FsyncAsync(file.Handle, false, default); // May well fail.
            }

            if (random.Next(40) == 0)
            {
                test = await CrashAsync(test, files);
            }
        }

        test.StagingFault = null;
        await CompareAsync(test, files);
        await test.FileSystem.SyncAsync(default).Ok();
        await test.DrainAsync();
        await CompareAsync(test, files);
        Assert.True(NonceWatch.Count > before);
        Assert.Equal(0, NonceWatch.Violations);
        foreach (ModelFile file in files)
        {
            await test.FileSystem.CloseAsync(file.Handle);
        }

        await test.AssertSoundAsync();
        await test.DisposeAsync();

        int? Fault(int length)
        {
            lock (faults)
            {
                return faults.Next(6) == 0 ? faults.Next(Math.Max(1, length)) : null;
            }
        }
    }

    // The state is known after a sync that worked; both the volume and its crashed copy seal on from there.
    private static async Task<TestVolume> CrashAsync(TestVolume test, ModelFile[] files)
    {
        Func<int, int?>? fault = test.StagingFault;
        test.StagingFault = null;
        await test.FileSystem.SyncAsync(default).Ok();
        TestVolume crashed = await test.CrashAsync(copy => copy.StagingFault = fault);
        await test.FileSystem.PutAsync("beside", FileSystemCalls.RandomBytes(30_000, 1));
        await test.DisposeAsync();
        foreach (ModelFile file in files)
        {
            file.Handle = await crashed.FileSystem.OpenAsync(file.Name);
        }

        return crashed;
    }

    private static async Task CompareAsync(TestVolume test, ModelFile[] files)
    {
        foreach (ModelFile file in files)
        {
            FileSystemCalls.AssertSame(file.Content.ToArray(), await test.FileSystem.GetAsync(file.Name), file.Name);
        }
    }
}
