using HipaaFs.ChangeStream;
using HipaaFs.Collection;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>What is cleared away in the further stores of a volume.</summary>
public sealed class HousekeepingTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(200_000, 1);

    [Fact]
    public async Task Sweep_SeveralStores_LooksIntoEach()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        SegmentRow known = await volume.UploadAsync("a", Content);
        string[] unknown = [.. Enumerable.Range(0, 3).Select(store => LeaveSegment(volume, store))];
        AgeSegments(volume, known);

        Assert.Equal(new UnknownReport(3, 3000, 0, 0, 0, true), await volume.Test.Volume.SweepUnknownAsync(false, null, default));
        Assert.Equal(new UnknownReport(3, 3000, 0, 3, 3000, true), await volume.Test.Volume.SweepUnknownAsync(true, null, default));
        Assert.All(unknown, static path => Assert.False(File.Exists(path)));
        Assert.Equal([0, 1], volume.Having(known));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sweep_AStoreIsAwayOrAnother_DecidesNothingAboutItAndSaysSo(bool isAnother)
    {
        await using TestVolume other = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        await volume.UploadAsync("a", Content);
        string here = LeaveSegment(volume, 0);
        string there = LeaveSegment(volume, 1);
        if (isAnother)
        {
            File.Delete(Path.Combine(volume.Test.MemberDirectory(1), "session", $"{volume.Test.Volume.Session:x16}"));
        }
        else
        {
            volume.Store(1).Add(PlacedVolume.Dead);
        }

        UnknownReport report = (await volume.Test.Volume.SweepUnknownAsync(true, null, default))!;
        Assert.Equal((1L, 1L, false), (report.Segments, report.DeletedSegments, report.IsComplete));
        Assert.Equal(["second"], report.UnreadStores!);
        Assert.Equal((false, true), (File.Exists(here), File.Exists(there)));
    }

    [Fact]
    public async Task Collect_ManySessions_KeepsTheNewestClaimsInEachStore()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1], Async = [2] });
        for (int i = 0; i < (int)StreamRetention.KeptSessions + 2; i++)
        {
            await volume.Test.ReopenAsync();
            await volume.Replicator.ReplicateAsync(default);
        }

        SegmentCollector collector = volume.Test.Volume.Parts.Writer!.Collector;
        volume.Store(2).Add(PlacedVolume.Dead);
        await collector.CollectAsync(SegmentCollector.Grace, default);
        Assert.Equal((int)StreamRetention.KeptSessions, Claims(volume, 0));
        Assert.Equal((int)StreamRetention.KeptSessions, Claims(volume, 1));
        Assert.True(Claims(volume, 2) > (int)StreamRetention.KeptSessions);

        volume.Store(2).Heal();
        await collector.CollectAsync(SegmentCollector.Grace, default);
        Assert.Equal((int)StreamRetention.KeptSessions, Claims(volume, 2));
        await volume.Test.AssertSoundAsync();
    }

    private static int Claims(PlacedVolume volume, int store) => Directory.GetFiles(Path.Combine(volume.Test.MemberDirectory(store), "session")).Length;

    private static string LeaveSegment(PlacedVolume volume, int store)
    {
        string path = Path.Combine(volume.Test.MemberDirectory(store), StoreLayout.Segment(SegmentId.NewRandom()).Value);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, FileSystemCalls.RandomBytes(1000, store));
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow - SegmentCollector.Grace - TimeSpan.FromHours(1));
        return path;
    }

    private static void AgeSegments(PlacedVolume volume, SegmentRow row)
    {
        foreach (int store in volume.Having(row))
        {
            File.SetLastWriteTimeUtc(volume.ObjectPath(store, row), DateTime.UtcNow - SegmentCollector.Grace - TimeSpan.FromHours(1));
        }
    }
}
