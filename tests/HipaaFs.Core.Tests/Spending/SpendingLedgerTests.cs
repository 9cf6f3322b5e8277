using HipaaFs.Core.Tests.Placements;
using HipaaFs.Placements;
using HipaaFs.Spending;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Spending;

public sealed class SpendingLedgerTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task Describe_RequestsOfEachStore_AreCountedByDayAndMonthAndKeptThroughMounts()
    {
        var time = new ManualTimeProvider(new DateTimeOffset(2026, 1, 30, 23, 0, 0, TimeSpan.Zero));
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 }, time);
        await volume.UploadAsync("a", Content);
        StoreSpending first = Of(volume, 1);
        Assert.True(first.Today.SentBytes >= Content.Length);
        Assert.True(first.Today.ByVerb[StoreVerb.PutFile] >= 1);
        Assert.Equal(first.Today.Requests, first.ThisMonth.Requests);
        Assert.Equal(new DateOnly(2026, 1, 30), first.Day);

        await volume.ReopenEmptyAsync();
        time.Advance(TimeSpan.FromHours(2)); // The 31st.
        FileSystemCalls.AssertSame(Content, await volume.ReadAsync("a"));
        StoreSpending second = Of(volume, 1);
        Assert.Equal(new DateOnly(2026, 1, 31), second.Day);
        Assert.True(second.Today.ReceivedBytes >= Content.Length);
        Assert.Equal(0, second.Today.SentBytes / Content.Length);
        Assert.True(second.ThisMonth.SentBytes >= first.ThisMonth.SentBytes);
        Assert.True(second.ThisMonth.Requests >= first.ThisMonth.Requests + second.Today.ByVerb[StoreVerb.Read]);

        time.Advance(TimeSpan.FromDays(1)); // February.
        StoreSpending third = Of(volume, 1);
        Assert.True(third.ThisMonth.SentBytes < Content.Length);
        Assert.Equal(third.Today.Requests, third.ThisMonth.Requests); // What falls on its first day is all there is of a month.
    }

    [Fact]
    public async Task Open_FileMakesNoSense_CountsFromNowOn()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        await volume.UploadAsync("a", Content);
        await volume.Test.StopAsync();
        await File.WriteAllTextAsync(Path.Combine(volume.Test.VolumeDirectory, SpendingLedger.FileName), "[{");

        await volume.Test.OpenAsync();

        Assert.True(Of(volume, 0).Today.Requests > 0);
    }

    private static StoreSpending Of(PlacedVolume volume, int store) => volume.Test.Volume.DescribeSpending().Single(spent => spent.Store == store);
}
