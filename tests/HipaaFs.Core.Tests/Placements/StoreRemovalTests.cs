using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

public sealed class StoreRemovalTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task RemoveStore_ThatAPlacementNamesOrThatHasSegments_IsRefused()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        VolumeException named = await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RemoveStoreAsync(1, default));
        Assert.Contains("placements name it (1)", named.Message, StringComparison.Ordinal);

        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1 }, default);
        VolumeException full = await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RemoveStoreAsync(1, default));
        Assert.Contains($"1 segments of {row.ObjectLength} bytes", full.Message, StringComparison.Ordinal);
        Assert.Equal((VolumeFailure.Refused, VolumeFailure.Refused), (named.Failure, full.Failure));
        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RemoveStoreAsync(0, default));
        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RemoveStoreAsync(7, default));
        await volume.Test.ReopenAsync();
        Assert.Equal(["primary", "second", "third"], (await volume.Test.Volume.DescribeStoresAsync(default)).Select(static store => store.Store.Name));
    }

    [Fact]
    public async Task RemoveStore_ThatIsEmpty_IsGoneAndItsNumberIsGivenToNoOther()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [2] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        string left = volume.ObjectPath(1, row); // An upload that was cut off before its row said so.
        Directory.CreateDirectory(Path.GetDirectoryName(left)!);
        File.Copy(volume.ObjectPath(0, row), left);
        string unknown = Path.Combine(Path.GetDirectoryName(left)!, row.Id.ToString()[..2] + new string('0', 30));
        File.Copy(left, unknown);

        Assert.Equal(new StoreRemoval(IsLookedThrough: true, 1, 1), await volume.Test.Volume.RemoveStoreAsync(1, default));

        Assert.False(File.Exists(left));
        Assert.True(File.Exists(unknown));
        await AssertRemovedAsync(volume);
        await volume.ReopenEmptyAsync();
        await AssertRemovedAsync(volume);
        Assert.Equal(Content, await volume.ReadAsync("a"));
        RegisteredStore next = await volume.RegisterAsync("second");
        Assert.Equal(3, next.Number);
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task RemoveStore_ThatDoesNotAnswer_IsGoneAllTheSame()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [2] });
        volume.Store(1).Add(PlacedVolume.Dead);
        Assert.Equal(new StoreRemoval(IsLookedThrough: false, 0, 0), await volume.Test.Volume.RemoveStoreAsync(1, default));
        await AssertRemovedAsync(volume);
        Assert.True(await volume.Replicator.ReplicateAsync(default)); // It is missed by nobody.
    }

    [Fact]
    public async Task RemoveStore_WhileSomethingIsCopiedToIt_IsNotNotedAsBeingThere()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement());
        SegmentRow row = await volume.UploadAsync("a", Content);
        SegmentReplication replication = volume.Test.Volume.Parts.Writer!.Replication;
        replication.BeforeNoted = () => volume.Test.Volume.RemoveStoreAsync(1, default);

        Assert.Equal(StoreError.NotFound, await replication.TryAsync(await volume.RowAsync(row.Id), volume.Test.Volume.Parts.Stores.Find(1)!, default));

        Assert.Equal(1ul, await volume.CopiesAsync(row));
        Assert.Equal([0], volume.Having(row));
    }

    private static async Task AssertRemovedAsync(PlacedVolume volume)
    {
        Volume open = volume.Test.Volume;
        Assert.Equal([0, 2], (await open.DescribeStoresAsync(default)).Select(static store => store.Store.Number));
        Assert.Equal([0, 2], open.GetStatus().Stores.Select(static store => store.Number));
        await Assert.ThrowsAsync<VolumeException>(() => open.DefinePlacementAsync(new Placement { Number = 1, Primary = 1 }, default));
        await Assert.ThrowsAsync<VolumeException>(() => open.RemoveStoreAsync(1, default));
    }
}
