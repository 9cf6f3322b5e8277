using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>Volumes whose home, the store with change stream and key ring, is not their first store.</summary>
public sealed class HomeStoreTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task Open_AddressOfAnotherStore_IsTheHomeFromThenOn()
    {
        await using PlacedVolume volume = await HomeOnSecondAsync();
        TestVolume test = volume.Test;

        Assert.Equal((1, 1), (test.Volume.HomeStore, test.Volume.Placements[0].Primary));
        Assert.Equal(Content, await test.FileSystem.GetAsync("before"));
        await test.FileSystem.PutAsync("after", Content);
        await test.DrainAsync();

        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal(1, await LiveInAsync(test, 0));
        Assert.Equal(2, await LiveInAsync(test, 1)); // What was written before too.
        Assert.Equal(Streams(test, 1).Except(Streams(test, 0)), Streams(test, 1)[1..]); // What is published since is in the new home alone.
        await test.ReopenAsync();
        Assert.Equal(1, test.Volume.HomeStore);
        IReadOnlyList<StoreContents> stores = await test.Volume.DescribeStoresAsync(default);
        Assert.Equal("file://" + test.StoreDirectory, stores[0].Store.Url);
        Assert.Equal([null, null, null], test.Volume.GetStatus().Stores.Select(static store => store.Problem));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task FindHome_OfAddresses_IsWhatIsRegisteredThereElseTheLastOne()
    {
        await using PlacedVolume volume = await HomeOnSecondAsync();
        IMetadataStore metadata = volume.Test.Volume.Parts.Metadata;

        Assert.Equal(1, await PlacementSettings.FindHomeAsync(metadata, TestVolume.RemoteUrl(1), default));
        Assert.Equal(2, await PlacementSettings.FindHomeAsync(metadata, TestVolume.RemoteUrl(2), default));
        Assert.Equal(0, await PlacementSettings.FindHomeAsync(metadata, StoreUrl.Parse("file://" + volume.Test.StoreDirectory), default));
        Assert.Equal(1, await PlacementSettings.FindHomeAsync(metadata, StoreUrl.Parse("file:///moved/to/another/place"), default));
    }

    [Fact]
    public async Task FindHome_WhereAStoreWasTakenAway_IsRefused()
    {
        await using PlacedVolume volume = await HomeOnSecondAsync();
        IMetadataStore metadata = volume.Test.Volume.Parts.Metadata;
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1 }, default);
        await volume.Test.Volume.RemoveStoreAsync(2, default);

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => PlacementSettings.FindHomeAsync(metadata, TestVolume.RemoteUrl(2), default));

        Assert.Contains($"the home is {TestVolume.RemoteUrl(1)} now", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_FormerHome_IsDoneOnceItsDataIsInTheNewOne()
    {
        await using PlacedVolume volume = await HomeOnSecondAsync();
        TestVolume test = volume.Test;
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => test.Volume.RemoveStoreAsync(1, default));
        Assert.Contains("it is the volume's home", refused.Message, StringComparison.Ordinal);

        Assert.True(await volume.Replicator.ReplicateAsync(default));
        await test.DrainAsync();
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default); // Notes what is too much.
        await test.DrainAsync();
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal(new StoreRemoval(IsLookedThrough: true, 0, 0) { IsFree = true }, await test.Volume.RemoveStoreAsync(0, default));
        Assert.Empty(Directory.GetFiles(test.StoreDirectory, "*", SearchOption.AllDirectories)); // Another volume can have the place.
        await test.StopAsync();
        Directory.Move(test.StoreDirectory, test.StoreDirectory + ".gone");
        Directory.Delete(test.CacheDirectory, recursive: true);

        await test.OpenAsync();
        Assert.Equal(Content, await test.FileSystem.GetAsync("before"));
        Assert.Equal(["second", "third"], (await test.Volume.DescribeStoresAsync(default)).Select(static store => store.Store.Name));
        await test.DrainAsync();
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Restore_FromTheNewHome_TakesItAsHome()
    {
        await using PlacedVolume volume = await HomeOnSecondAsync();
        await volume.Test.FileSystem.PutAsync("after", Content);
        await volume.Test.DrainAsync();

        (TestVolume restored, RestoreReport report) = await volume.Test.RestoreAsync(arrange: copy =>
        {
            copy.Home = 1;
            TestVolume.CopyTree(volume.Test.MemberDirectory(1), copy.MemberDirectory(1));
            TestVolume.CopyTree(volume.Test.MemberDirectory(2), copy.MemberDirectory(2));
        });

        await using TestVolume _ = restored;
        Assert.True(report.IsComplete);
        Assert.Equal(0, report.UnknownSegments);
        Assert.Equal(1, restored.Volume.HomeStore);
        Assert.Equal(Content, await restored.FileSystem.GetAsync("before"));
        Assert.Equal(Content, await restored.FileSystem.GetAsync("after"));
    }

    // With the file "before" in the first store alone, which was the home when it was written. The second has what a home must have, and the volume is open on it.
    private static async Task<PlacedVolume> HomeOnSecondAsync()
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 2 });
        TestVolume test = volume.Test;
        await test.FileSystem.PutAsync("before", Content);
        await test.DrainAsync();
        await test.StopAsync();
        foreach (string prefix in (string[])["keyring", "stream"])
        {
            TestVolume.CopyTree(Path.Combine(test.StoreDirectory, prefix), Path.Combine(test.MemberDirectory(1), prefix));
        }

        test.Home = 1;
        await test.OpenAsync();
        return volume;
    }

    private static async Task<int> LiveInAsync(TestVolume test, int store) =>
        (await test.Volume.Parts.Metadata.ListHoldingAsync(store, null, 100)).Value.Count(static row => row.State == SegmentState.Live);

    private static string[] Streams(TestVolume test, int store) =>
        [.. Directory.GetFiles(Path.Combine(test.MemberDirectory(store), "stream"), "*", SearchOption.AllDirectories).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];
}
