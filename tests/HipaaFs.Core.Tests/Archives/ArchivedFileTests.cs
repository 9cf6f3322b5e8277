using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Scrubbing;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Files whose data is in an archive.</summary>
public sealed class ArchivedFileTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(300_000, 1);

    private static Placement WithHotReplica => ArchivedVolume.InArchive with { Async = [2] };

    [Fact]
    public async Task Upload_ToAnArchive_PutsTheSegmentThereAndKeepsItReadableWhileItIsCached()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        Assert.Equal(StorageTier.Archive, volume.TierOf(row));
        Assert.Equal(FsError.None, await volume.TryOpenAsync("a"));
        FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
    }

    [Fact]
    public async Task Upload_StoreDoesNotSayWhatItTook_IsProvenBeforeItIsMovedDown()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        volume.Test.Members[1].IsSilent = true;
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        Assert.Equal((SegmentState.Live, StorageTier.Archive), (row.State, volume.TierOf(row)));
    }

    [Fact]
    public async Task Upload_SegmentIsInTheArchiveFromAnEarlierTry_EndsAllTheSame()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.FailAfterwards) { Verb = StoreVerb.PutFile, Count = 1 });
        SegmentRow row = await volume.Placed.WriteAsync("a", Content);
        await Eventually.TrueAsync(() => volume.Test.Volume.GetStatus().FailedSegments == 1, "the answer was lost");
        await volume.Test.DrainAsync();
        row = await volume.Placed.RowAsync(row.Id);
        Assert.Equal((SegmentState.Live, StorageTier.Archive), (row.State, volume.TierOf(row)));
    }

    [Theory]
    [InlineData(OpenFlags.Read)]
    [InlineData(OpenFlags.Write)]
    [InlineData(OpenFlags.Read | OpenFlags.Write)]
    public async Task Open_Archived_FailsAtOnce(OpenFlags flags)
    {
        (ArchivedVolume volume, _) = await ArchivedVolume.CreateWithFileAsync(Content);
        await using (volume)
        {
            Assert.Equal(FsError.Archived, await volume.TryOpenAsync("a", flags));
            Assert.Empty(volume.Shelf.Asked);
        }
    }

    [Fact]
    public async Task Open_ArchivedAndTruncated_Succeeds()
    {
        (ArchivedVolume volume, _) = await ArchivedVolume.CreateWithFileAsync(Content);
        await using (volume)
        {
            Assert.Equal(FsError.None, await volume.TryOpenAsync("a", OpenFlags.Write | OpenFlags.Truncate));
            Assert.Equal(FsError.None, await volume.TryOpenAsync("a"));
        }
    }

    [Fact]
    public async Task Open_ArchivedInASnapshot_Fails()
    {
        ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        await using (volume)
        {
            await volume.Placed.UploadAsync("a", Content);
            (await volume.Test.Volume.CreateSnapshotAsync("s", default)).Ok();
            await volume.Placed.ReopenEmptyAsync();
            InodeAttributes inode = await volume.Test.FileSystem.LookupAsync(".snapshots/s/placed/a");
            Assert.Equal(FsError.Archived, (await volume.Test.FileSystem.OpenAsync(inode.Id, OpenFlags.Read, FileSystemCalls.Someone, default)).Error);
        }
    }

    [Fact]
    public async Task GetAttributes_Archived_HasBlocksAndShowsData()
    {
        (ArchivedVolume volume, _) = await ArchivedVolume.CreateWithFileAsync(Content);
        await using (volume)
        {
            InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/a");
            Assert.True(inode.AllocatedBytes >= Content.Length);
        }
    }

    [Fact]
    public async Task Seek_ArchivedAfterItWasOpened_FindsItsDataAndNoHoleBeforeItsEnd()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        HandleId handle = await files.OpenAsync("placed/a", OpenFlags.Read);
        volume.Test.Volume.Parts.Cache.Remove(row.Id);
        Assert.Equal(FsError.Archived, (await files.ReadAsync(handle, 0, new byte[1000], default)).Error);

        foreach (long offset in (long[])[0, 1, Content.Length - 1])
        {
            Assert.Equal(offset, await files.SeekAsync(handle, offset, hole: false, default).Ok());
            Assert.Equal(Content.Length, await files.SeekAsync(handle, offset, hole: true, default).Ok());
        }

        Assert.Equal(FsError.NoSuchAddress, (await files.SeekAsync(handle, Content.Length, hole: false, default)).Error);
        await files.ReleaseAsync(handle).Ok();
    }

    [Fact]
    public async Task Open_HotReplica_ReadsItAndNeverAsksTheArchive()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync(WithHotReplica);
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        Assert.True(await volume.Placed.Replicator.ReplicateAsync(default));
        Assert.Equal([1, 2], volume.Placed.Having(row));
        await volume.Placed.ReopenEmptyAsync();
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read, KeyPrefix = "seg/" });
        FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
        Assert.Equal(0, volume.Placed.Store(1).Struck);
    }

    [Fact]
    public async Task Read_ArchivedAfterItWasOpened_FailsWithoutZeroesAndWithoutAnAlarm()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/a", OpenFlags.Read);
        volume.Test.Volume.Parts.Cache.Remove(row.Id);
        byte[] buffer = new byte[1000];
        Assert.Equal(FsError.Archived, (await volume.Test.FileSystem.ReadAsync(handle, 0, buffer, default)).Error);
        await volume.Test.FileSystem.ReleaseAsync(handle).Ok();
        Assert.DoesNotContain(volume.Test.Log.Lines, static line => line.Level >= LogLevel.Warning);
        Assert.False(volume.Test.Volume.GetStatus().Stores[1].IsAway);
    }

    [Fact]
    public async Task Replicate_OnlyCopyIsArchived_WaitsAndBringsNothingBack()
    {
        (ArchivedVolume volume, SegmentRow row) = await ArchivedVolume.CreateWithFileAsync(Content);
        await using (volume)
        {
            await volume.Test.Volume.DefinePlacementAsync(WithHotReplica with { Number = 1 }, default);
            Assert.True(await volume.Placed.Replicator.ReplicateAsync(default)); // Nothing that could be done now.
            Assert.Equal([1], volume.Placed.Having(row));
            Assert.Empty(volume.Shelf.Asked);
            Assert.DoesNotContain(volume.Test.Log.Lines, static line => line.Level >= LogLevel.Warning);
        }
    }

    [Fact]
    public async Task Scrub_Archived_LooksThatItIsThereAndBringsNothingBack()
    {
        (ArchivedVolume volume, SegmentRow row) = await ArchivedVolume.CreateWithFileAsync(Content);
        await using (volume)
        {
            await volume.Test.DrainAsync();
            ScrubReport report = await ScrubAsync(volume);
            Assert.Equal((StoreError.None, 0), (report.Stopped, report.Findings.Count));
            Assert.Empty(volume.Shelf.Asked);

            File.Delete(volume.Placed.ObjectPath(1, row));
            report = await ScrubAsync(volume);
            Assert.Single(report.Findings);
        }
    }

    [Fact]
    public async Task Check_Archived_FindsNothing()
    {
        (ArchivedVolume volume, _) = await ArchivedVolume.CreateWithFileAsync(Content);
        await using (volume)
        {
            await volume.Test.DrainAsync();
            await volume.Test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Restore_Archived_KnowsTheFileAndItsTier()
    {
        ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        await using (volume)
        {
            await volume.Placed.UploadAsync("a", Content);
            await volume.Test.DrainAsync();
            (TestVolume restored, HipaaFs.Recovery.RestoreReport report) = await volume.Test.RestoreAsync(
                arrange: copy => TestVolume.CopyTree(volume.Test.MemberDirectory(1), copy.MemberDirectory(1)));
            await using (restored)
            {
                Assert.Empty(report.IncompleteFiles);
                InodeAttributes inode = await restored.FileSystem.LookupAsync("placed/a");
                Assert.Equal(FsError.Archived, (await restored.FileSystem.OpenAsync(inode.Id, OpenFlags.Read, FileSystemCalls.Someone, default)).Error);
            }
        }
    }

    private static async Task<ScrubReport> ScrubAsync(ArchivedVolume volume) =>
        (await volume.Test.Volume.ScrubAsync(new ScrubOptions { Restart = true }, new ProgressRecorder<ScrubProgress>(), default))!;
}
