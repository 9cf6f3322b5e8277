using HipaaFs.Collection;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

public sealed class SurplusRemovalTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task Collect_CopyThatNoPlacementWantsAnyMore_GoesAfterPublicationAndGrace()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 }, time);
        SegmentRow row = await volume.UploadAsync("a", Content);
        var copied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        volume.Test.Volume.Parts.Writer!.Replication.BeforeNoted = () => copied.Task;
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 2 }, default);
        await CollectAsync(volume, TimeSpan.Zero);
        Assert.Equal(2ul, await volume.CopiesAsync(row)); // The other does not count yet.

        copied.SetResult();
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        await CollectAsync(volume, SegmentCollector.Grace, publishes: false);
        await CollectAsync(volume, TimeSpan.Zero, publishes: false);
        await AssertInAsync(volume, row, 6ul, [1, 2]); // Not published.

        await CollectAsync(volume, SegmentCollector.Grace);
        Assert.Equal([1, 2], volume.Having(row)); // Published, and not old enough.

        time.Advance(SegmentCollector.Grace + TimeSpan.FromSeconds(1));
        await CollectAsync(volume, SegmentCollector.Grace);

        await AssertInAsync(volume, row, 4ul, [2]);
        Assert.Equal(0, (await volume.Test.Volume.DescribeStoresAsync(default))[1].Has.Segments);
        await volume.Test.Volume.RemoveStoreAsync(1, default);
        await volume.ReopenEmptyAsync();
        Assert.Equal(Content, await volume.ReadAsync("a"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Collect_WantedAgainMeanwhile_Stays()
    {
        await using PlacedVolume volume = await DrainedAsync();
        SegmentRow row = await OnlyRowAsync(volume);
        SurplusRemoval surplus = volume.Test.Volume.Parts.Writer!.Collector.Surplus!;
        Task? defining = null;
        surplus.BeforeStep = step =>
        {
            defining ??= volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 2, Sync = [1] }, default);
            Assert.False(defining.IsCompleted); // It waits for the batch.
            return Task.CompletedTask;
        };

        await CollectAsync(volume, TimeSpan.Zero);
        await defining!;
        await AssertInAsync(volume, row, 4ul, [2]);
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        surplus.BeforeStep = null;
        await CollectAsync(volume, TimeSpan.Zero);
        await CollectAsync(volume, TimeSpan.Zero);
        await AssertInAsync(volume, row, 6ul, [1, 2]);
    }

    [Fact]
    public async Task Collect_LastGoodCopyBecauseTheOtherIsFoundBad_Stays()
    {
        await using PlacedVolume volume = await DrainedAsync();
        SegmentRow row = await OnlyRowAsync(volume);
        volume.Test.Volume.Parts.Writer!.Collector.Surplus!.BeforeStep = async step =>
        {
            if (step == 2)
            {
                Assert.True((await volume.Test.Volume.Parts.Metadata.SetCopiesAsync(volume.Test.Volume.Parts.Clock.NextOperation(), row.Id, 0, SegmentCopies.In(2))).Succeeded);
            }
        };

        await CollectAsync(volume, TimeSpan.Zero);

        await AssertInAsync(volume, row, 2ul, [1, 2]);
        Assert.Equal(MetadataError.NotFound, (await volume.Test.Volume.Parts.Metadata.GetSettingAsync(SurplusRemoval.Setting)).Error);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Collect_KilledAtAStep_LeavesNothingBehindInTheEnd(int killedAt)
    {
        await using PlacedVolume volume = await DrainedAsync();
        SegmentRow row = await OnlyRowAsync(volume);
        TestVolume? killed = null;
        volume.Test.Volume.Parts.Writer!.Collector.Surplus!.BeforeStep = step =>
        {
            killed ??= step == killedAt ? volume.Test.CopyFiles() : null;
            return Task.CompletedTask;
        };
        await CollectAsync(volume, TimeSpan.Zero);

        await using TestVolume after = killed!;
        await after.OpenAsync();
        await after.DrainAsync();
        for (int i = 0; i < 2; i++)
        {
            await after.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
            await after.DrainAsync();
        }

        await after.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal(4ul, (await after.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Value.Copies);
        Assert.False(File.Exists(Path.Combine(after.MemberDirectory(1), "seg", row.Id.ToString()[..2], row.Id.ToString())));
        Assert.Equal(MetadataError.NotFound, (await after.Volume.Parts.Metadata.GetSettingAsync(SurplusRemoval.Setting)).Error);
        Assert.Equal(Content, await after.FileSystem.GetAsync("placed/a"));
        await after.AssertSoundAsync();
    }

    [Fact]
    public async Task Collect_StoreAwayInTheMiddle_IsFinishedWhenItIsBack()
    {
        await using PlacedVolume volume = await DrainedAsync();
        SegmentRow row = await OnlyRowAsync(volume);
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Delete });
        await CollectAsync(volume, TimeSpan.Zero);
        await AssertInAsync(volume, row, 4ul, [1, 2]);

        volume.Store(1).Heal();
        await CollectAsync(volume, TimeSpan.Zero);
        Assert.Equal([2], volume.Having(row));
        Assert.Equal(MetadataError.NotFound, (await volume.Test.Volume.Parts.Metadata.GetSettingAsync(SurplusRemoval.Setting)).Error);
    }

    [Fact]
    public async Task Collect_AnotherStoreAtItsPlace_DeletesNothing()
    {
        await using PlacedVolume volume = await DrainedAsync();
        SegmentRow row = await OnlyRowAsync(volume);
        Directory.Delete(Path.Combine(volume.Test.MemberDirectory(1), "session"), recursive: true);
        await CollectAsync(volume, TimeSpan.Zero);
        await AssertInAsync(volume, row, 6ul, [1, 2]);
    }

    // A file is in store 2 where it should be, and in store 1 where it should not be any more.
    private static async Task<PlacedVolume> DrainedAsync()
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 2 }, default);
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        await AssertInAsync(volume, row, 6ul, [1, 2]);
        return volume;
    }

    private static async Task AssertInAsync(PlacedVolume volume, SegmentRow row, ulong copies, int[] stores)
    {
        Assert.Equal(copies, await volume.CopiesAsync(row));
        Assert.Equal(stores, volume.Having(row));
    }

    private static async Task CollectAsync(PlacedVolume volume, TimeSpan grace, bool publishes = true)
    {
        if (publishes)
        {
            await volume.Test.DrainAsync();
        }

        await volume.Test.Volume.Parts.Writer!.Collector.CollectAsync(grace, default);
    }

    private static async Task<SegmentRow> OnlyRowAsync(PlacedVolume volume) =>
        (await volume.Test.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Live, null, 10)).Value.Single();
}
