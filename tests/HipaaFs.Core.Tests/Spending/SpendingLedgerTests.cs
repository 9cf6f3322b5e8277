using HipaaFs.Archives;
using HipaaFs.Core.Tests.Archives;
using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Spending;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;

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

    [Fact]
    public async Task Open_FileOfAnOlderVersion_GoesOnFromIt()
    {
        var time = new ManualTimeProvider(new DateTimeOffset(2026, 1, 30, 23, 0, 0, TimeSpan.Zero));
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 }, time);
        await volume.Test.StopAsync();
        const string former = """[{"store":1,"day":"2026-01-30","today":{"byVerb":{"Put":70000},"sentBytes":5,"receivedBytes":6,"requests":70000},"thisMonth":{"byVerb":{"Put":80000},"sentBytes":7,"receivedBytes":8,"requests":80000}}]""";
        await File.WriteAllTextAsync(Path.Combine(volume.Test.VolumeDirectory, SpendingLedger.FileName), former);

        await volume.Test.OpenAsync();

        Assert.InRange(Of(volume, 1).Today.Requests, 70000, 71000);
        Assert.InRange(Of(volume, 1).ThisMonth.Requests, 80000, 81000);
        Assert.Empty(Of(volume, 1).ThisMonth.RestoredBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // As Azure does it.
    public async Task Recall_CountsTheBytesBySpeedOnceAndKeepsThemThroughMounts(bool moves)
    {
        (ArchivedVolume volume, SegmentRow row) = await ArchivedVolume.CreateWithFileAsync(Content, moves: moves);
        await using (volume)
        {
            InodeId[] files = [(await volume.Test.FileSystem.LookupAsync("placed/a")).Id];
            await volume.Test.Volume.RecallAsync(files, new RestoreRequest(RestoreSpeed.Bulk, 3), asks: false, default);
            Assert.Empty(Of(volume.Placed, 1).Today.RestoredBytes);

            await volume.Test.Volume.RecallAsync(files, new RestoreRequest(RestoreSpeed.Bulk, 3), asks: true, default);
            await volume.Test.Volume.RecallAsync(files, new RestoreRequest(RestoreSpeed.Bulk, 30), asks: true, default); // Longer, of what is on its way.
            Assert.Equal([KeyValuePair.Create(RestoreSpeed.Bulk, row.ObjectLength)], Of(volume.Placed, 1).Today.RestoredBytes);

            await volume.Test.Volume.RecallAsync(files, new RestoreRequest(RestoreSpeed.Expedited, 3), asks: true, default); // Anew, and paid for anew.
            await volume.Test.ReopenAsync();
            IReadOnlyDictionary<RestoreSpeed, long> month = Of(volume.Placed, 1).ThisMonth.RestoredBytes;
            Assert.Equal((2, row.ObjectLength, row.ObjectLength), (month.Count, month[RestoreSpeed.Bulk], month[RestoreSpeed.Expedited]));
        }
    }

    [Fact]
    public async Task Open_OfAnArchivedFileThatBeginsItsRecall_CountsItAndJudgesAtOnce()
    {
        (ArchivedVolume volume, SegmentRow row) = await ArchivedVolume.CreateWithFileAsync(Content, ArchivedVolume.InArchive with { Archive = new ArchiveBehaviour { OnOpen = OpenBehaviour.Recall } });
        await using (volume)
        {
            var judged = new TaskCompletionSource<IReadOnlyList<StoreSpending>>(TaskCreationOptions.RunContinuationsAsynchronously);
            volume.Test.Volume.JudgeSpending = (spending, _) =>
            {
                judged.TrySetResult(spending);
                return new(new Dictionary<int, SpendingStop> { [1] = SpendingStop.Recall });
            };

            Assert.Equal(FsError.Recalling, await volume.TryOpenAsync("a"));

            IReadOnlyList<StoreSpending> known = await judged.Task.WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal(row.ObjectLength, known.Single(static spent => spent.Store == 1).Today.RestoredBytes[RestoreSpeed.Standard]);
            await Eventually.TrueAsync(() => volume.Test.Volume.Parts.Stores.Stops.Has(1, SpendingStop.Recall), "the next file is not brought back any more");
        }
    }

    [Fact]
    public async Task Judge_WhileALaterOneKnowsMore_TakesNoStopBack()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        VolumeStores stores = volume.Test.Volume.Parts.Stores;
        var time = new TimeOfItsOwn();
        var ledger = new SpendingLedger(stores, volume.Test.VolumeDirectory, time, NullLogger.Instance);
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ledger.Judge = async (spending, _) =>
        {
            bool isUsedUp = spending.Single(static spent => spent.Store == 1).Today.RestoredBytes.Count > 0;
            if (!isUsedUp)
            {
                await late.Task;
            }

            return new Dictionary<int, SpendingStop> { [1] = isUsedUp ? SpendingStop.Recall : SpendingStop.None };
        };

        // While the one looks at the clock, the other counts, and then a store begins to bring something back.
        Task? other = null;
        time.Asked = () =>
        {
            time.Asked = null;
            other = ledger.JudgeAsync(default);
            stores.Restores.Add(1, RestoreSpeed.Bulk, 5);
        };
        await ledger.JudgeAsync(default);
        Assert.True(stores.Stops.Has(1, SpendingStop.Recall));

        late.SetResult();
        await other!;
        Assert.True(stores.Stops.Has(1, SpendingStop.Recall));
    }

    [Fact]
    public async Task Save_ManyAtOnce_KeepsWhatWasCountedBeforeEachOfThem()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        VolumeStores stores = volume.Test.Volume.Parts.Stores;
        var time = new ManualTimeProvider();
        string directory = Directory.CreateDirectory(Path.Combine(volume.Test.VolumeDirectory, "ledger")).FullName;
        var ledger = new SpendingLedger(stores, directory, time, NullLogger.Instance);
        const int each = 10;
        const int atOnce = 4;

        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => Task.Run(() =>
        {
            for (int count = 0; count < each; count++)
            {
                stores.Restores.Add(1, RestoreSpeed.Bulk, 1);
                ledger.Save();
            }
        })));

        var kept = new SpendingLedger(stores, directory, time, NullLogger.Instance);
        Assert.Equal(each * atOnce, kept.Describe().Single(static spent => spent.Store == 1).ThisMonth.RestoredBytes[RestoreSpeed.Bulk]);
    }

    private static StoreSpending Of(PlacedVolume volume, int store) => volume.Test.Volume.DescribeSpending().Single(spent => spent.Store == store);

    private sealed class TimeOfItsOwn : TimeProvider
    {
        public Action? Asked { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            Asked?.Invoke();
            return base.GetUtcNow();
        }
    }
}
