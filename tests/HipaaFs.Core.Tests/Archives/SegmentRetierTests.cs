using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Placements 1 (hot), 2 (cool) and 3 (archive) are all in store 1.</summary>
public sealed class SegmentRetierTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task Move_OnlyTheTierDiffers_ChangesTheObjectAndCopiesNothing()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await HoldAsync(volume);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 2);

        Assert.True(await mover.MoveAsync(0, default));

        SegmentRow moved = await volume.Placed.RowAsync(row.Id);
        Assert.Equal((2u, SegmentState.Live, row.Copies), (moved.Placement, moved.State, moved.Copies));
        Assert.Equal(StorageTier.Cool, volume.TierOf(row));
        Assert.Equal(0, (await volume.Test.Volume.DescribeMisplacedAsync(default)).Files);
        await volume.Placed.ReopenEmptyAsync();
        FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_OthersHaveAPartInTheSegment_CopiesAndLeavesTheObject()
    {
        await using ArchivedVolume volume = await CreateAsync();
        InodeId other = (await volume.Test.FileSystem.MakeDirectoryAsync("other")).Id;
        await volume.Placed.AssignAsync(other, 1);
        await volume.Test.FileSystem.PutAsync("b", Content, other);
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await HoldAsync(volume);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 2);

        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal((1u, StorageTier.Hot), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
        FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
        FileSystemCalls.AssertSame(Content, await volume.Test.FileSystem.GetAsync("other/b"));
    }

    [Fact]
    public async Task Move_SmallSegmentToTheArchive_IsCopied()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await HoldAsync(volume);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 3);

        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal((1u, StorageTier.Hot), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
    }

    [Fact]
    public async Task Move_LargeSegmentOfOneDirectoryToTheArchive_ChangesTheObject()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await HoldAsync(volume);
        mover.Retier.LeastForArchive = 1;
        await volume.Placed.AssignAsync(volume.Placed.Directory, 3);

        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal((3u, StorageTier.Archive), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
    }

    [Fact]
    public async Task Move_WasCutOffBeforeTheRow_IsFinishedAndKnownAsArchived()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        await volume.Placed.ReopenEmptyAsync();
        PlacementMover mover = await HoldAsync(volume);
        mover.Retier.LeastForArchive = 1;
        Assert.True((await volume.Placed.Store(1).SetTierAsync(StoreLayout.Segment(row.Id), StorageTier.Archive, default)).Succeeded);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 3);

        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal((3u, StorageTier.Archive), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
        Assert.Equal(FsError.Archived, await volume.TryOpenAsync("a"));
    }

    [Fact]
    public async Task Move_ToTheArchiveFromSeveralDirectories_IsCopiedByDirectory()
    {
        await using ArchivedVolume volume = await CreateAsync();
        InodeId other = (await volume.Test.FileSystem.MakeDirectoryAsync("other")).Id;
        await volume.Placed.AssignAsync(other, 1);
        await volume.Test.FileSystem.PutAsync("b", Content, other);
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await HoldAsync(volume);
        mover.Retier.LeastForArchive = 1;
        await volume.Placed.AssignAsync(volume.Placed.Directory, 3);
        await volume.Placed.AssignAsync(other, 3);

        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal((1u, StorageTier.Hot), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
    }

    [Fact]
    public async Task Move_ToTheArchiveAndMostIsGarbage_CopiesWhatIsUsed()
    {
        await using ArchivedVolume volume = await CreateAsync();
        await volume.Test.FileSystem.PutAsync("big", FileSystemCalls.RandomBytes(1_000_000, 2), volume.Placed.Directory);
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        await volume.Test.FileSystem.UnlinkAsync(volume.Placed.Directory, "big"u8, default).Ok();
        PlacementMover mover = await HoldAsync(volume);
        mover.Retier.LeastForArchive = 1;
        await volume.Placed.AssignAsync(volume.Placed.Directory, 3);

        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal((1u, StorageTier.Hot), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
    }

    [Fact]
    public async Task Move_StoreIsBusy_CopiesNothingAndTriesAgain()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await HoldAsync(volume);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 2);
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetTier, Error = StoreError.Throttled, Count = 1 });

        Assert.False(await mover.MoveAsync(0, default));
        Assert.Equal((1u, StorageTier.Hot), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal((2u, StorageTier.Cool), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
    }

    [Fact]
    public async Task Move_StoreRefusesTheTier_CopiesInstead()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await HoldAsync(volume);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 2);
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetTier, Error = StoreError.AccessDenied });

        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal(1u, (await volume.Placed.RowAsync(row.Id)).Placement);
        FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
    }

    private static async Task<ArchivedVolume> CreateAsync()
    {
        ArchivedVolume volume = await ArchivedVolume.CreateAsync(new Placement { Primary = 1 });
        await volume.Test.Volume.DefinePlacementAsync(Tiered(2, StorageTier.Cool), default);
        await volume.Test.Volume.DefinePlacementAsync(Tiered(3, StorageTier.Archive), default);
        return volume;
    }

    private static Placement Tiered(uint number, StorageTier tier) => new() { Number = number, Primary = 1, Tiers = new Dictionary<int, StorageTier> { [1] = tier } };

    private static async Task<PlacementMover> HoldAsync(ArchivedVolume volume)
    {
        PlacementMover mover = volume.Test.Volume.Parts.Writer!.Mover;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        mover.BeforeRound = stop =>
        {
            held.TrySetResult();
            return Task.Delay(Timeout.Infinite, stop);
        };
        mover.Wake();
        await held.Task;
        return mover;
    }
}
