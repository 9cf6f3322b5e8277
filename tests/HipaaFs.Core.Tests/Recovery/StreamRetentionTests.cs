using HipaaFs.ChangeStream;
using HipaaFs.Collection;
using HipaaFs.Recovery;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>A store does not grow for ever: what no restore, no comparison and no fence needs is deleted, and nothing else.</summary>
public sealed class StreamRetentionTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1.1);

    [Fact]
    public async Task Publish_ManyDays_KeepsTwoChainsThatRestore()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        const int days = 10;
        int most = 0;
        for (int day = 0; day < days; day++)
        {
            await PublishDayAsync(test, time, day);
            if (day == days / 2)
            {
                await test.ReopenAsync();
            }

            most = Math.Max(most, test.Streams().Length);
        }

        Assert.InRange(most, 4, 8);
        string[] left = test.Streams();
        Assert.Equal(2, left.Count(PublishedVolume.IsFull));
        Assert.True(PublishedVolume.IsFull(left[0]));
        await AssertRestoresAsync(test, days);

        // The chain before the newest is there for the day on which that one is damaged.
        string newest = Path.GetFileName(left.Last(PublishedVolume.IsFull));
        await using (TestVolume damaged = test.CopyFiles())
        {
            File.Delete(Path.Combine(damaged.StoreDirectory, "stream", newest));
            await AssertRestoresAsync(damaged, days - 1);
        }

        await test.ReopenAsync();
        await test.AssertSoundAsync();
    }

    // The clock of a machine whose battery is empty, until somebody sets it.
    [Theory]
    [InlineData(14 * 365 * 24, 3)]
    [InlineData(1, 3)]
    [InlineData(1.0 / 3600, 2)] // As time servers correct it: no reason for a dump of everything.
    public async Task Publish_ClockWasAheadAtTheLastFullStream_BeginsAChainOnce(double hoursAhead, int fulls)
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await PublishedVolume.CreateAsync(new TestVolumeOptions { Time = time });
        time.Set(TimeSpan.FromDays(2) + TimeSpan.FromHours(hoursAhead));
        await test.PublishAsync("ahead", [1]);
        Assert.Equal(2, test.Streams().Count(PublishedVolume.IsFull));

        time.Set(-TimeSpan.FromHours(hoursAhead));
        await test.ReopenAsync();
        await test.PublishAsync("corrected", [2]);
        await test.PublishAsync("later", [3]);

        Assert.Equal(fulls, test.Streams().Count(PublishedVolume.IsFull));
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal([3], await restored.FileSystem.GetAsync("later"));
        }
    }

    [Fact]
    public async Task Collect_BeginOfAChainIsMissing_DeletesNothing()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        for (int day = 0; day < 2; day++)
        {
            await PublishDayAsync(test, time, day);
        }

        await PublishDayAsync(test, time, 2, collects: false);
        string[] before = test.Streams();
        string previous = before.Where(PublishedVolume.IsFull).SkipLast(1).Last();
        File.Delete(previous);
        await CollectAsync(test);

        Assert.Equal(before.Length - 1, test.Streams().Length);
    }

    [Fact]
    public async Task Open_CopyPutBackWhoseLastObjectIsDeleted_IsToldThatItIsTheOlder()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await PublishDayAsync(test, time, 0);
        await using TestVolume older = test.CopyFiles(sharesStore: true);
        for (int day = 1; day < 5; day++)
        {
            await PublishDayAsync(test, time, day);
        }

        await test.StopAsync();
        await older.AssertRefusedAsync();
        await test.OpenAsync();
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Collect_ManySessions_KeepsTheNewestAndFencesAsBefore()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        await using TestVolume older = test.CopyFiles(sharesStore: true);
        const int sessions = 20;
        for (int i = 0; i < sessions; i++)
        {
            await test.ReopenAsync();
        }

        await CollectAsync(test);
        string[] claims = test.Claims();
        Assert.Equal((int)StreamRetention.KeptSessions, claims.Length);
        Assert.Equal(StoreLayout.Session(test.Volume.Session).Value, "session/" + Path.GetFileName(claims[^1]));

        // A number that is free again is not the newest: who claims it late is fenced off.
        var holder = new SessionHolder("elsewhere", 1, 2, time());
        using (var late = new SessionFence(test.Store, new(2), holder, TimeProvider.System, NullLogger.Instance))
        {
            Assert.Equal(StoreError.AlreadyExists, await late.TryClaimAsync(default));
            Assert.False(late.IsClaimed);
        }

        await older.AssertRefusedAsync();
        Assert.True(await test.Volume.Parts.Writer!.Fence.IsNewestAsync(default));
        await test.AssertSoundAsync();

        static DateTimeOffset time() => new ManualTimeProvider().GetUtcNow();
    }

    // A full stream and what follows it.
    private static async Task PublishDayAsync(TestVolume test, ManualTimeProvider time, int day, bool collects = true)
    {
        time.Set(Day);
        await test.PublishAsync($"morning{day}", [(byte)day]);
        await test.PublishAsync($"evening{day}", [(byte)day]);
        if (collects)
        {
            await CollectAsync(test);
        }
    }

    private static Task<CollectionReport> CollectAsync(TestVolume test) => test.Volume.Parts.Writer!.Collector.CollectAsync(SegmentCollector.Grace, default);

    private static async Task AssertRestoresAsync(TestVolume test, int days)
    {
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.True(report.IsComplete || report.UnfollowedObjects > 0);
            for (int day = 0; day < days; day++)
            {
                Assert.Equal([(byte)day], await restored.FileSystem.GetAsync($"evening{day}"));
            }
        }
    }
}
