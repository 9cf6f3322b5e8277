using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;

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
    public async Task Move_StoreRefusesTheTier_CopiesInstead()
    {
        await using ArchivedVolume volume = await CreateAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", Content);
        PlacementMover mover = await HoldAsync(volume);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 2);
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetTier });

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
