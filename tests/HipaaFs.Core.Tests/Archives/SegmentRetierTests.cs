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
    private const uint Hot = 1;
    private const uint Cool = 2;
    private const uint Archive = 3;

    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task Move_OnlyTheTierDiffers_ChangesTheObjectAndCopiesNothing()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await AssignHeldAsync(volume, Cool);

        Assert.True(await mover.MoveAsync(0, default));

        SegmentRow moved = await volume.Placed.RowAsync(row.Id);
        Assert.Equal((Cool, SegmentState.Live, row.Copies), (moved.Placement, moved.State, moved.Copies));
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
        (_, SegmentRow row) = await UploadSharedAsync(volume);
        PlacementMover mover = await AssignHeldAsync(volume, Cool);

        Assert.True(await mover.MoveAsync(0, default));

        await AssertIsAsync(volume, row, Hot, StorageTier.Hot);
        FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
        FileSystemCalls.AssertSame(Content, await volume.Test.FileSystem.GetAsync("other/b"));
    }

    [Fact]
    public async Task Move_SmallSegmentToTheArchive_IsCopied()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await AssignHeldAsync(volume, Archive);

        Assert.True(await mover.MoveAsync(0, default));

        await AssertIsAsync(volume, row, Hot, StorageTier.Hot);
    }

    [Fact]
    public async Task Move_LargeSegmentOfOneDirectoryToTheArchive_ChangesTheObject()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await AssignHeldAsync(volume, Archive, leastForArchive: 1);

        Assert.True(await mover.MoveAsync(0, default));

        await AssertIsAsync(volume, row, Archive, StorageTier.Archive);
    }

    [Fact]
    public async Task Move_WasCutOffBeforeTheRow_IsFinishedAndKnownAsArchived()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        await volume.Placed.ReopenEmptyAsync();
        Assert.True((await volume.Placed.Store(1).SetTierAsync(StoreLayout.Segment(row.Id), StorageTier.Archive, default)).Succeeded);
        PlacementMover mover = await AssignHeldAsync(volume, Archive, leastForArchive: 1);

        Assert.True(await mover.MoveAsync(0, default));

        await AssertIsAsync(volume, row, Archive, StorageTier.Archive);
        Assert.Equal(FsError.Archived, await volume.TryOpenAsync("a"));
    }

    [Fact]
    public async Task Move_ToTheArchiveFromSeveralDirectories_IsCopiedByDirectory()
    {
        await using ArchivedVolume volume = await CreateAsync();
        (InodeId other, SegmentRow row) = await UploadSharedAsync(volume);
        PlacementMover mover = await AssignHeldAsync(volume, Archive, leastForArchive: 1);
        await volume.Placed.AssignAsync(other, Archive);

        Assert.True(await mover.MoveAsync(0, default));

        await AssertIsAsync(volume, row, Hot, StorageTier.Hot);
    }

    [Fact]
    public async Task Move_ToTheArchiveAndMostIsGarbage_CopiesWhatIsUsed()
    {
        await using ArchivedVolume volume = await CreateAsync();
        await volume.Test.FileSystem.PutAsync("big", FileSystemCalls.RandomBytes(1_000_000, 2), volume.Placed.Directory);
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        await volume.Test.FileSystem.UnlinkAsync(volume.Placed.Directory, "big"u8, default).Ok();
        PlacementMover mover = await AssignHeldAsync(volume, Archive, leastForArchive: 1);

        Assert.True(await mover.MoveAsync(0, default));

        await AssertIsAsync(volume, row, Hot, StorageTier.Hot);
    }

    [Fact]
    public async Task Move_StoreIsBusy_CopiesNothingAndTriesAgain()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await AssignHeldAsync(volume, Cool);
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetTier, Error = StoreError.Throttled, Count = 1 });

        Assert.False(await mover.MoveAsync(0, default));
        await AssertIsAsync(volume, row, Hot, StorageTier.Hot);
        Assert.True(await mover.MoveAsync(0, default));

        await AssertIsAsync(volume, row, Cool, StorageTier.Cool);
    }

    [Fact]
    public async Task Move_StoreRefusesTheTier_CopiesInstead()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await AssignHeldAsync(volume, Cool);
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetTier, Error = StoreError.AccessDenied });

        Assert.True(await mover.MoveAsync(0, default));

        Assert.Equal(Hot, (await volume.Placed.RowAsync(row.Id)).Placement);
        FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
    }

    private static async Task<ArchivedVolume> CreateAsync()
    {
        ArchivedVolume volume = await ArchivedVolume.CreateAsync(new Placement { Primary = 1 });
        await volume.Test.Volume.DefinePlacementAsync(Tiered(Cool, StorageTier.Cool), default);
        await volume.Test.Volume.DefinePlacementAsync(Tiered(Archive, StorageTier.Archive), default);
        return volume;
    }

    private static Placement Tiered(uint number, StorageTier tier) => new() { Number = number, Primary = 1, Tiers = new Dictionary<int, StorageTier> { [1] = tier } };

    // A segment that two directories of the hot placement share.
    private static async Task<(InodeId Other, SegmentRow Row)> UploadSharedAsync(ArchivedVolume volume)
    {
        InodeId other = (await volume.Test.FileSystem.MakeDirectoryAsync("other")).Id;
        await volume.Placed.AssignAsync(other, Hot);
        await volume.Test.FileSystem.PutAsync("b", Content, other);
        return (other, await volume.Placed.UploadAsync("a", Content));
    }

    // Gives the directory another placement while the mover does nothing by itself.
    private static async Task<PlacementMover> AssignHeldAsync(ArchivedVolume volume, uint placement, long? leastForArchive = null)
    {
        PlacementMover mover = await volume.Placed.HoldMoverAsync();
        mover.Retier.LeastForArchive = leastForArchive ?? mover.Retier.LeastForArchive;
        await volume.Placed.AssignAsync(volume.Placed.Directory, placement);
        return mover;
    }

    private static async Task AssertIsAsync(ArchivedVolume volume, SegmentRow row, uint placement, StorageTier tier) =>
        Assert.Equal((placement, tier), ((await volume.Placed.RowAsync(row.Id)).Placement, volume.TierOf(row)));
}
