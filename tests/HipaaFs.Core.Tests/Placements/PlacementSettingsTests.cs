using System.Text;
using HipaaFs.Checking;
using HipaaFs.Core.Tests.Checking;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Placements;
using HipaaFs.Testing;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>Settings of stores and placements that are damaged or cannot be read.</summary>
public sealed class PlacementSettingsTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(200_000, 1);

    [Theory]
    [InlineData("not json", VolumeMode.ReadOnly)]
    [InlineData("not json", VolumeMode.ReadWrite)]
    [InlineData("""{"name":"second","url":"ftp://somewhere"}""", VolumeMode.ReadOnly)]
    [InlineData("""{"name":"second","url":"ftp://somewhere"}""", VolumeMode.ReadWrite)]
    public async Task Open_StoreSettingMakesNoSense_MountsWithoutThatStoreAndSaysWhy(string setting, VolumeMode mode)
    {
        await using PlacedVolume volume = await StoppedAsync(new Placement { Primary = 1, Sync = [2] });
        TestVolume test = volume.Test;
        await SpoilAsync(test, "store.1", setting);
        CheckReport report = await test.CheckAsync(repair: true);
        Assert.Equal((0, 0L, 1), (report.Findings.Count, report.UncheckedSegments, report.UnreadStores.Count));

        await test.OpenAsync(mode);
        Assert.Equal(Content, await volume.ReadAsync("a"));
        Assert.Contains("store.1", test.Volume.GetStatus().Stores[1].Problem, StringComparison.Ordinal);
        Assert.Contains(test.Log.Lines, static line => line.Text.Contains("store.1", StringComparison.Ordinal));
        Assert.Null(test.Volume.GetStatus().Stores[2].Problem);
    }

    [Theory]
    [InlineData(VolumeMode.ReadOnly)]
    [InlineData(VolumeMode.ReadWrite)]
    public async Task Open_PlacementSettingMakesNoSense_MountsAndSaysWhatToDo(VolumeMode mode)
    {
        await using PlacedVolume volume = await StoppedAsync(new Placement { Primary = 1, Sync = [2] });
        TestVolume test = volume.Test;
        await SpoilAsync(test, "placement.1", "not json");
        await test.OpenAsync(mode);
        Assert.Equal(Content, await volume.ReadAsync("a"));
        Assert.Contains(test.Log.Lines, static line => line.Text.Contains("placement.1", StringComparison.Ordinal));
        Assert.Null(volume.Test.Volume.Parts.Stores.Placements.Find(1));
        if (mode == VolumeMode.ReadOnly)
        {
            return;
        }

        SegmentRow row = await volume.WriteAsync("b", Content);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().FailedSegments == 1, "it is not known where it goes");
        Assert.Equal([], volume.Having(row));
        await test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Sync = [2] }, default);
        await test.DrainAsync();
        Assert.Equal([1, 2], volume.Having(row));
        await Assert.ThrowsAsync<VolumeException>(() => test.Volume.DefinePlacementAsync(new Placement { Number = 3 }, default));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Collect_SegmentOfAPlacementThatIsNotKnown_IsNotForgotten()
    {
        await using PlacedVolume volume = await StoppedAsync(new Placement { Primary = 1, Sync = [2] });
        TestVolume test = volume.Test;
        await SpoilAsync(test, "placement.1", "not json");
        await test.OpenAsync();
        SegmentRow row = Assert.Single((await test.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Live, null, 9)).Value);
        await test.FileSystem.UnlinkAsync(volume.Directory, "a"u8, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        await test.DrainAsync();
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal(SegmentState.Condemned, (await volume.RowAsync(row.Id)).State); // Another store may have it: it was to go there.

        await test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Sync = [2] }, default);
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal(MetadataError.NotFound, (await test.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Error);
        Assert.Equal([], volume.Having(row));
    }

    [Theory]
    [InlineData("store.")]
    [InlineData("placement.")]
    [InlineData("home")]
    public async Task Open_SettingsCannotBeRead_IsRefusedForWritingAndShowsWhatItCan(string unreadable)
    {
        await using PlacedVolume volume = await StoppedAsync(new Placement { Sync = [1] });
        TestVolume test = volume.Test;
        test.UnreadableSettings.Add(unreadable);
        test.Members.Clear();
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => test.OpenAsync());
        Assert.Contains("-o ro", refused.Action, StringComparison.Ordinal);
        Assert.True(test.Store.IsDisposed);
        Assert.Empty(test.Members); // Nobody knew what to open.

        await test.OpenAsync(VolumeMode.ReadOnly);
        Assert.Equal(Content, await volume.ReadAsync("a"));
        Assert.Contains(test.Log.Lines, line => line.Text.Contains(unreadable, StringComparison.Ordinal));
    }

    // With one file in the placement, uploaded, and nothing in the cache.
    private static async Task<PlacedVolume> StoppedAsync(Placement placement)
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(placement);
        await volume.UploadAsync("a", Content);
        await volume.Test.DrainAsync();
        await volume.Test.StopAsync();
        Directory.Delete(volume.Test.CacheDirectory, recursive: true);
        return volume;
    }

    private static Task SpoilAsync(TestVolume test, string key, string value) =>
        SpoiltRows.WriteAsync(test, _ => [new SettingChange(ChangeKind.Upsert, key, Encoding.UTF8.GetBytes(value))]);
}
