using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Snapshots;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Placements;

public sealed class PlacementMoverTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(300_000, 1);

    [Fact]
    public async Task Assign_DirectoryWithData_IsMovedInTheBackground()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Sync = [2] }, time);
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        for (int i = 0; i < 20; i++)
        {
            await files.PutAsync($"f{i}", FileSystemCalls.RandomBytes(20_000, i), top);
        }

        await files.PutAsync("outside", Content);
        await volume.Test.DrainAsync();

        await volume.AssignAsync(top, 1);
        await Eventually.TrueAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(1)); // It keeps to its bandwidth.
                return volume.Test.Volume.GetStatus().ToMove is { Files: 0 } && (await volume.Test.Volume.DescribeMisplacedAsync(default)).Files == 0;
            },
            "everything is moved");

        Assert.Equal([(0u, 1ul), (1u, 6ul)], (await UsedAsync(volume)).Distinct().Order());
        await volume.ReopenEmptyAsync();
        for (int i = 0; i < 20; i++)
        {
            FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(20_000, i), await volume.Test.FileSystem.GetAsync($"top/f{i}"));
        }

        FileSystemCalls.AssertSame(Content, await volume.Test.FileSystem.GetAsync("outside"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_WithABandwidth_FetchesNothingThatItsTimeHasNotPaidFor()
    {
        const int files = 4;
        const int length = 313_943;
        const int bytesPerSecond = 43_000;
        var each = TimeSpan.FromSeconds((double)length / bytesPerSecond); // 7.301 s, for which nobody else waits.
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 }, time);
        InodeId top = (await volume.Test.FileSystem.MakeDirectoryAsync("top")).Id;
        for (int i = 0; i < files; i++)
        {
            await volume.Test.FileSystem.PutAsync($"f{i}", FileSystemCalls.RandomBytes(length, i), top);
            await volume.Test.DrainAsync(); // Each is a segment of its own.
        }

        await volume.ReopenEmptyAsync();
        PlacementMover mover = await volume.HoldMoverAsync();
        await volume.AssignAsync(top, 1);
        using var waits = new SemaphoreSlim(0);
        time.Started += wait =>
        {
            if ((wait - each).Duration() <= TimeSpan.FromMilliseconds(1))
            {
                waits.Release();
            }
        };

        Task<bool> moving = mover.MoveAsync(bytesPerSecond, default);
        for (int i = 1; i < files; i++)
        {
            await Task.WhenAny(moving, waits.WaitAsync());
            Assert.InRange(volume.Test.Volume.Parts.Cache.Usage.FetchedBytes, i * length, (i * length) + (length / 4)); // Whole frames, sealed.
            time.Advance(each);
        }

        Assert.True(await moving);
        Assert.InRange(volume.Test.Volume.Parts.Cache.Usage.FetchedBytes, files * length, (files * length) + (length / 4));
        Assert.All(await UsedAsync(volume), static used => Assert.Equal((1u, 2ul), used));
    }

    [Fact]
    public async Task Move_StoreIsAway_IsTriedAgainSoon()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        PlacementMover mover = await volume.HoldMoverAsync();
        InodeId top = (await volume.Test.FileSystem.MakeDirectoryAsync("top")).Id;
        await volume.Test.FileSystem.PutAsync("a", Content, top);
        await volume.Test.DrainAsync();
        await volume.AssignAsync(top, 1);
        volume.Test.Volume.Parts.Stores.Find(1)!.Note(StoreError.Unavailable);

        Assert.False(await mover.MoveAsync(0, default));
        Assert.Equal(TimeSpan.FromMinutes(1), mover.PauseAfter(TimeSpan.FromMinutes(16)));

        volume.Test.Volume.Parts.Stores.Find(1)!.Note(StoreError.None);
        Assert.True(await mover.MoveAsync(0, default));
        Assert.Equal(TimeSpan.FromMinutes(32), mover.PauseAfter(TimeSpan.FromMinutes(16)));
    }

    [Fact]
    public async Task Assign_AnotherNumberWithTheSameStores_MovesNothingUntilOneOfThemChanges()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        PlacementMover mover = await volume.HoldMoverAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2, Primary = 1, Trees = ["/top"] }, default);
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        await volume.AssignAsync(top, 1);
        await files.PutAsync("a", Content, top);
        await volume.Test.DrainAsync();
        await volume.AssignAsync(top, 2);

        Misplacement left = await volume.Test.Volume.DescribeMisplacedAsync(default);
        Assert.Equal((0L, 0L), (left.Files, left.Bytes));
        Assert.Equal([(2u, 1u)], left.Shared);
        Assert.True(await mover.MoveAsync(0, default));
        Assert.DoesNotContain((await UsedAsync(volume)).Select(static used => used.Item1), static placement => placement == 2);

        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2, Primary = 2, Trees = ["/top"] }, default);
        left = await volume.Test.Volume.DescribeMisplacedAsync(default);
        Assert.Equal((1L, 300_000L), (left.Files, left.Bytes));
        Assert.Null(volume.Test.Volume.GetStatus().ToMove); // Not known before it is counted again.
        Assert.True(await mover.MoveAsync(0, default));
        Assert.Contains((2u, 4ul), await UsedAsync(volume));
        FileSystemCalls.AssertSame(Content, await files.GetAsync("top/a"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task DescribeMisplaced_CountsFilesSnapshotsAndWhatIsGoneApart()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        PlacementMover mover = await volume.HoldMoverAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        await files.PutAsync("a", Content, top);
        await files.PutAsync("gone", Content, top);
        await volume.Test.DrainAsync();
        await volume.Test.Volume.CreateSnapshotAsync("s", default);
        HandleId handle = await files.OpenAsync("top/a");
        await files.WriteAsync(handle, 0, new byte[100_000]);
        await files.CloseAsync(handle);
        await files.UnlinkAsync(top, "gone"u8, default).Ok();
        await volume.Test.DrainAsync();
        await volume.AssignAsync(top, 1);

        Misplacement left = await volume.Test.Volume.DescribeMisplacedAsync(default);

        Assert.Equal((1L, 300_000L), (left.Files, left.Bytes));
        Assert.InRange(left.SnapshotBytes, 100_000, 300_000); // The row that was cut.
        Assert.Equal([new KeyValuePair<uint, long>(0, 300_000)], left.RemovedBytes);

        Assert.True(await mover.MoveAsync(0, default));
        left = await volume.Test.Volume.DescribeMisplacedAsync(default);
        Assert.Equal((0L, 0L, 0L), (left.Files, left.Bytes, left.SnapshotBytes));
        Assert.Equal([new KeyValuePair<uint, long>(0, 300_000)], left.RemovedBytes);
    }

    [Fact]
    public async Task Move_FileThatASnapshotShows_MovesWhatThatShowsToo()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        PlacementMover mover = await volume.HoldMoverAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        InodeId file = await files.PutAsync("a", Content, top);
        await volume.Test.DrainAsync();
        Snapshot snapshot = (await volume.Test.Volume.CreateSnapshotAsync("s", default)).Ok();
        HandleId handle = await files.OpenAsync("top/a", OpenFlags.Write | OpenFlags.Truncate);
        await files.WriteAsync(handle, 0, FileSystemCalls.RandomBytes(200_000, 2));
        await files.CloseAsync(handle);
        await volume.Test.DrainAsync();
        await volume.AssignAsync(top, 1);

        Assert.True(await mover.MoveAsync(0, default));

        IMetadataView shown = volume.Test.Volume.Parts.Metadata.OpenSnapshot(snapshot.Id);
        foreach (Extent extent in (await shown.GetExtentsAsync(file, 0, 300_000, 100)).Value.Extents)
        {
            Assert.Equal(1u, (await volume.RowAsync(extent.Segment)).Placement);
        }

        FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(200_000, 2), await files.GetAsync("top/a"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_DataThatFilesOfTwoPlacementsShare_LeavesTheOtherFilesWhereItIs()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        PlacementMover mover = await volume.HoldMoverAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        InodeId stays = await files.PutAsync("stays", Content);
        HandleId from = await files.OpenAsync("stays");
        CreatedFile to = await files.CreateAsync("moves", top);
        Assert.Equal(Content.Length, await files.CopyRangeAsync(from, 0, to.Handle, 0, Content.Length, default).Ok());
        await files.CloseAsync(from);
        await files.CloseAsync(to.Handle);
        await volume.Test.DrainAsync();
        await volume.AssignAsync(top, 1);

        Assert.True(await mover.MoveAsync(0, default));
        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal([0u], await PlacementsAsync(volume, stays));
        Assert.Equal([1u], await PlacementsAsync(volume, to.Attributes.Id));
        FileSystemCalls.AssertSame(Content, await files.GetAsync("stays"));
        FileSystemCalls.AssertSame(Content, await files.GetAsync("top/moves"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_FileThatIsOpenReadAndWritten_LosesNothing()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        PlacementMover mover = await volume.HoldMoverAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        byte[] expected = FileSystemCalls.RandomBytes(2 << 20, 3);
        InodeId file = await files.PutAsync("a", expected, top);
        await volume.Test.DrainAsync();
        HandleId handle = await files.OpenAsync("top/a");
        Assert.Equal(expected, await files.ReadAsync(handle, 0, expected.Length));
        await volume.AssignAsync(top, 1);
        int seed = 10;
        volume.Test.Volume.Parts.Writer!.Compactor.Move.BeforeStep = async step =>
        {
            byte[] written = FileSystemCalls.RandomBytes(50_000, seed);
            long at = seed++ * 30_000L;
            written.CopyTo(expected, at);
            await files.WriteAsync(handle, at, written);
            await files.FsyncAsync(handle, dataOnly: false, default).Ok();
            FileSystemCalls.AssertSame(expected, await files.ReadAsync(handle, 0, expected.Length), $"content at step {step}");
        };

        Assert.True(await mover.MoveAsync(0, default));

        volume.Test.Volume.Parts.Writer!.Compactor.Move.BeforeStep = null;
        Assert.True(seed > 13);
        Assert.Equal([1u], await PlacementsAsync(volume, file));
        FileSystemCalls.AssertSame(expected, await files.ReadAsync(handle, 0, expected.Length));
        await files.CloseAsync(handle);
        await volume.ReopenEmptyAsync();
        FileSystemCalls.AssertSame(expected, await volume.Test.FileSystem.GetAsync("top/a"));
        await volume.Test.AssertSoundAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Move_KilledAtAStep_GoesOnAfterwards(int killedAt)
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 }, time);
        PlacementMover mover = await volume.HoldMoverAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        await files.PutAsync("a", Content, top);
        await volume.Test.DrainAsync();
        await volume.AssignAsync(top, 1);
        await files.SyncAsync(default).Ok();
        TestVolume? killed = null;
        volume.Test.Volume.Parts.Writer!.Compactor.Move.BeforeStep = step =>
        {
            if (step == killedAt && killed is null)
            {
                killed = volume.Test.CopyFiles();
            }

            return Task.CompletedTask;
        };
        Assert.True(await mover.MoveAsync(0, default));

        await using TestVolume after = killed!;
        await after.OpenAsync();
        await Eventually.TrueAsync(
            async () => Advance(time) && after.Volume.GetStatus().ToMove is { Files: 0 } && (await after.Volume.DescribeMisplacedAsync(default)).Files == 0, "it goes on");
        FileSystemCalls.AssertSame(Content, await after.FileSystem.GetAsync("top/a"));
        await after.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_StoreOfTheNewPlacementAway_BeginsNothingUntilItIsBack()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        PlacementMover mover = await volume.HoldMoverAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        InodeId file = await files.PutAsync("a", Content, top);
        await volume.Test.DrainAsync();
        await volume.AssignAsync(top, 1);
        volume.Test.Volume.Parts.Stores.Find(1)!.Note(HipaaFs.Storage.StoreError.Unavailable);

        Assert.False(await mover.MoveAsync(0, default));
        Assert.Equal((1L, 0), (mover.Left!.Files, volume.Test.Volume.GetStatus().StagedSegments));

        volume.Test.Volume.Parts.Stores.Find(1)!.Note(HipaaFs.Storage.StoreError.None);
        Assert.True(await mover.MoveAsync(0, default));
        Assert.Equal([1u], await PlacementsAsync(volume, file));
    }

    [Fact]
    public async Task Move_OtherUploadsThatWaitForAStore_AreNotWaitedFor()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        PlacementMover mover = await volume.HoldMoverAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        InodeId file = await files.PutAsync("a", Content, top);
        await volume.Test.DrainAsync();
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2, Primary = 2 }, default);
        InodeId stuck = (await files.MakeDirectoryAsync("stuck")).Id;
        await volume.AssignAsync(stuck, 2);
        volume.Store(2).Add(PlacedVolume.Dead);
        await files.PutAsync("b", Content, stuck);
        await files.SyncAsync(default).Ok();
        await volume.Test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync();
        await Eventually.TrueAsync(() => volume.Test.Volume.GetStatus().FailedSegments == 1, "the upload fails");
        await volume.AssignAsync(top, 1);

        Assert.True(await mover.MoveAsync(0, default));
        Assert.Equal([1u], await PlacementsAsync(volume, file));
    }

    private static bool Advance(ManualTimeProvider time)
    {
        time.Advance(TimeSpan.FromSeconds(1));
        return true;
    }

    private static async Task<List<uint>> PlacementsAsync(PlacedVolume volume, InodeId file)
    {
        await volume.Test.FileSystem.SyncAsync(default).Ok();
        var placements = new List<uint>();
        foreach (Extent extent in (await volume.Test.Volume.Parts.Metadata.GetExtentsAsync(file, 0, long.MaxValue, 10_000)).Value.Extents)
        {
            placements.Add((await volume.RowAsync(extent.Segment)).Placement);
        }

        return [.. placements.Distinct()];
    }

    // Placement and stores of the segments that something refers to.
    private static async Task<List<(uint, ulong)>> UsedAsync(PlacedVolume volume) =>
        [.. (await volume.Test.Volume.Parts.Metadata.ListSegmentUsagesAsync(null, 100)).Value
            .Where(static usage => usage.ReferredBytes > 0)
            .Select(static usage => (usage.Row.Placement, usage.Row.Copies))];
}
