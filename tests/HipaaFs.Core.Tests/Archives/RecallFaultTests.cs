using System.Text;
using HipaaFs.Archives;
using HipaaFs.Core.Tests.Placements;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Spending;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Recalls that are cut off, refused, or asked for while others are under way.</summary>
public sealed class RecallFaultTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(300_000, 1);
    private static readonly RestoreRequest Bulk = new(RestoreSpeed.Bulk, 3);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly RestoreRequest Expedited = new(RestoreSpeed.Expedited, 3);

    [Fact]
    public async Task Recall_CutOff_WhatWasAskedForIsKnownToTheNextSession()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        await volume.Placed.UploadAsync("a", Content);
        await volume.Placed.UploadAsync("b", FileSystemCalls.RandomBytes(300_000, 2));
        await volume.Placed.ReopenEmptyAsync();
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Hang) { Verb = StoreVerb.Restore, Skip = 1 });
        using var cut = new CancellationTokenSource();
        Task<RecallOutcome> recall = RecallAsync(volume, Bulk, cancel: cut.Token, names: ["a", "b"]);
        await Eventually.TrueAsync(() => RecallerOf(volume).Table.Count == 1 && volume.Placed.Store(1).Struck > 0, "one was asked for, the other hangs");
        await cut.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => recall);

        await volume.Test.ReopenAsync();
        Assert.Equal(1, RecallerOf(volume).Table.Count);
    }

    [Fact]
    public async Task Recall_CrashWhileTheStoreIsAsked_IsKnownToTheNextSession()
    {
        (ArchivedVolume volume, SegmentRow row) = await CreateAsync(OpenBehaviour.Fail, moves: true);
        await using (volume)
        {
            volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.HangAfterwards) { Verb = StoreVerb.Restore, Count = 1 });
            using var cut = new CancellationTokenSource();
            Task<RecallOutcome> recall = RecallAsync(volume, Bulk, cancel: cut.Token);
            await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "the store was asked, and has not answered");

            await using (TestVolume crashed = await volume.Test.CrashAsync())
            {
                Recall known = Assert.Single(crashed.Volume.Parts.Writer!.Recaller.Table.All);
                Assert.Equal((row.Id, 1, Bulk.Speed, Bulk.Days), (known.Segment, known.Store, known.Speed, known.Days));
            }

            await cut.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => recall);
        }
    }

    [Fact]
    public async Task Recall_StoreRefuses_IsNotKept()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Restore, Error = StoreError.AccessDenied });
            Assert.Equal(1, (await RecallAsync(volume, Bulk)).Failed);

            await volume.Test.ReopenAsync();
            Assert.Equal(0, RecallerOf(volume).Table.Count);
        }
    }

    [Fact]
    public async Task Recall_WithoutAsking_SaysWhatItWouldAskForAgain()
    {
        (ArchivedVolume volume, SegmentRow row) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            Assert.Empty((await RecallAsync(volume, Bulk, asks: false)).Requests);
            RecallOutcome faster = await RecallAsync(volume, Expedited, asks: false);
            Assert.Equal(((1L, row.ObjectLength), row.ObjectLength), (faster.Requests[1], faster.Begun[(1, RestoreSpeed.Expedited)]));

            await BringBackAsync(volume);
            Assert.Empty((await RecallAsync(volume, Expedited, asks: false)).Requests);
            Assert.Equal((1L, row.ObjectLength), (await RecallAsync(volume, Bulk with { Days = 30 }, asks: false)).Requests[1]);
            Assert.Single(volume.Shelf.Asked);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // As Azure does it.
    public async Task Recall_MoreDaysOnly_BeginsNothingAnew(bool moves)
    {
        (ArchivedVolume volume, SegmentRow row) = await CreateAsync(OpenBehaviour.Fail, moves);
        await using (volume)
        {
            RestoreRequest month = Bulk with { Days = 30 };
            Assert.Equal([row.ObjectLength, row.ObjectLength, row.ObjectLength], (await RecallAsync(volume, Bulk)).Begun.Values); // Whatever the speed.

            // On its way, a greater speed alone would begin anew.
            RecallOutcome longer = await RecallAsync(volume, month, asks: false);
            Assert.Equal((1L, row.ObjectLength), longer.Requests[1]);
            Assert.Equal([(1, RestoreSpeed.Standard), (1, RestoreSpeed.Expedited)], longer.Begun.Keys.Order());

            await BringBackAsync(volume);
            Assert.Empty((await RecallAsync(volume, Expedited with { Days = 30 }, asks: false)).Begun);
            longer = await RecallAsync(volume, month);
            Assert.Equal((1L, row.ObjectLength), longer.Requests[1]);
            Assert.Empty(longer.Begun);
            StoreSpending spent = volume.Test.Volume.DescribeSpending().Single(static store => store.Store == 1);
            Assert.Equal(row.ObjectLength, spent.ThisMonth.RestoredBytes.Values.Sum()); // As it is counted.
        }
    }

    [Fact]
    public async Task Recall_BudgetIsUsedUpWhileItAsks_AsksForNoMore()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        string[] names = ["a", "b", "c"];
        for (int seed = 0; seed < names.Length; seed++)
        {
            await volume.Placed.UploadAsync(names[seed], FileSystemCalls.RandomBytes(10_000, seed));
        }

        await volume.Placed.ReopenEmptyAsync();
        volume.Test.Volume.JudgeSpending = (spending, _) => new(spending.ToDictionary(
            static spent => spent.Store, static spent => spent.ThisMonth.RestoredBytes.Count > 0 ? SpendingStop.Recall : SpendingStop.None));
        RecallerOf(volume).AskedAtOnce = 1;

        RecallOutcome outcome = await RecallAsync(volume, Bulk, names: names);

        Assert.Equal((1L, 2L, StoreError.NoSpace), (outcome.Recalling, outcome.Failed, outcome.Error));
        Assert.Single(volume.Shelf.Asked);
    }

    [Fact]
    public async Task Recall_MoreDaysWhileItIsOnItsWay_StaysAsLong()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            RestoreRequest month = Bulk with { Days = 30 };
            await RecallAsync(volume, Bulk);
            await RecallAsync(volume, month);
            DateTimeOffset before = volume.Time.GetUtcNow();
            await BringBackAsync(volume);

            // The round that sees it first asks once more, and notes what comes of that a little later than that it is back.
            await Eventually.TrueAsync(() => RecallerOf(volume).Table.All.Single().Until >= before.AddDays(30), "it stays for a month");
            Assert.InRange(RecallerOf(volume).Table.All.Single().Until!.Value, before.AddDays(30), volume.Time.GetUtcNow().AddDays(30));
            Assert.Equal([Bulk, month, month], volume.Shelf.Asked.Select(static asked => asked.Request));
            Assert.Empty((await RecallAsync(volume, month, asks: false)).Requests);
        }
    }

    [Fact]
    public async Task Recall_MoreDaysThatTheStoreDoesNotGive_AreAskedForAgain()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            RestoreRequest month = Bulk with { Days = 30 };
            await RecallAsync(volume, Bulk);
            await RecallAsync(volume, month);
            volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Restore });
            DateTimeOffset until = volume.Time.GetUtcNow().AddDays(3);
            await BringBackAsync(volume);
            Assert.Equal(until, RecallerOf(volume).Table.All.Single().Until);
            volume.Placed.Store(1).Heal();

            await RecallAsync(volume, month);

            Assert.InRange(RecallerOf(volume).Table.All.Single().Until!.Value, until.AddDays(27), volume.Time.GetUtcNow().AddDays(30));
        }
    }

    [Fact]
    public async Task Recall_BudgetOfTheStoreIsUsedUp_IsNotAskedFor()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            SpendingStops stops = volume.Test.Volume.Parts.Stores.Stops;
            stops.Set(new Dictionary<int, SpendingStop> { [1] = SpendingStop.Recall | SpendingStop.Replication });
            RecallOutcome outcome = await RecallAsync(volume, Bulk);
            Assert.Equal((1L, StoreError.NoSpace), (outcome.Failed, outcome.Error));
            Assert.Empty(volume.Shelf.Asked);

            stops.Set(new Dictionary<int, SpendingStop> { [1] = SpendingStop.Replication });
            Assert.Equal(1, (await RecallAsync(volume, Bulk)).Recalling);
        }
    }

    [Fact]
    public async Task Recall_TooManyKnown_IsRefusedBeforeTheStoreIsAsked()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            RecallTable table = RecallerOf(volume).Table;
            for (int other = 0; other < RecallTable.Most; other++)
            {
                Assert.True(table.TrySet(new Recall(SegmentId.NewRandom(), 1, RestoreSpeed.Bulk, 3, volume.Time.GetUtcNow())));
            }

            RecallOutcome outcome = await RecallAsync(volume, Bulk);
            Assert.Equal((1L, StoreError.Throttled), (outcome.Failed, outcome.Error));
            Assert.Empty(volume.Shelf.Asked);

            table.Remove(table.All[0].Segment);
            Assert.Equal(1, (await RecallAsync(volume, Bulk)).Recalling);
        }
    }

    [Fact]
    public async Task Recall_WhileItIsMovedDownAgain_IsAskedForAfterwards()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Fail, moves: true);
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            await BringBackAsync(volume);
            FaultingObjectStore store = volume.Placed.Store(1);
            store.Add(new StoreFault(StoreFaultKind.Delay) { Verb = StoreVerb.SetTier, Delay = Long });
            volume.Time.Advance(TimeSpan.FromDays(3));
            Task round = RecallerOf(volume).RoundAsync(default); // The volume's own may be the one that moves it.
            await Eventually.TrueAsync(() => IsHeldUp(volume, ref round), "it is on its way down");
            Task<RecallOutcome> recall = RecallAsync(volume, Bulk);
            volume.Time.Advance(Long);
            await round;
            Assert.Equal(1, (await recall).Recalling);
            Assert.Equal("recalling", await StateAsync(volume, "a"));
        }
    }

    [Fact]
    public async Task Recall_NoStoreHasItAnyMore_IsMissingAndNotArchived()
    {
        Placement both = ArchivedVolume.InArchive with { Number = 1, Tiers = new Dictionary<int, StorageTier> { [1] = StorageTier.Archive, [2] = StorageTier.Archive } };
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync(both, others: new Dictionary<int, ArchiveShelf> { [2] = new() });
        await volume.Placed.UploadAsync("a", Content);
        await volume.Placed.ReopenEmptyAsync();
        volume.Placed.Store(1).Add(PlacedVolume.Dead);
        await volume.Test.Volume.DefinePlacementAsync(both with { Primary = 2 }, default);
        await volume.Test.Volume.ForgetStoreAsync(1, default);

        RecallOutcome outcome = await RecallAsync(volume, Bulk);

        Assert.Equal((1L, 0L, 0L, 0L), (outcome.Missing, outcome.Archived, outcome.Recalling, outcome.Failed));
        Assert.Equal((await volume.Test.FileSystem.LookupAsync("placed/a")).Id, Assert.Single(outcome.Incomplete));
        Assert.Empty(outcome.Requests);
        Assert.Equal("missing", await StateAsync(volume, "a"));
        HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/a"); // Reading says what is lost, opening does not wait for it.
        Assert.Equal(FsError.Io, (await volume.Test.FileSystem.ReadAsync(handle, 0, new byte[100], default)).Error);
        await volume.Test.FileSystem.ReleaseAsync(handle).Ok();
    }

    [Fact]
    public async Task Release_WhileItIsAskedForAnew_Loses()
    {
        (ArchivedVolume volume, SegmentRow row) = await CreateAsync(OpenBehaviour.Fail, moves: true);
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            await BringBackAsync(volume);
            FaultingObjectStore store = volume.Placed.Store(1);
            store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetTier, Error = StoreError.AccessDenied }); // Until it is asked for anew.
            store.Add(new StoreFault(StoreFaultKind.Delay) { Verb = StoreVerb.Restore, Delay = Long });
            volume.Time.Advance(TimeSpan.FromDays(3)); // Its time is over, and each round would move it down.
            Task<RecallOutcome> recall = RecallAsync(volume, Bulk);
            Task round = Task.CompletedTask;
            await Eventually.TrueAsync(() => IsHeldUp(volume, ref round), "it is asked for anew");
            store.Heal();

            await RecallerOf(volume).RoundAsync(default);
            Assert.Equal(StorageTier.Hot, volume.TierOf(row));
            volume.Time.Advance(Long);
            Assert.Equal((0L, 1L), ((await recall).Failed, (await recall).Recalled));
            await RecallerOf(volume).RoundAsync(default);

            Assert.Equal((StorageTier.Hot, "recalled"), (volume.TierOf(row), await StateAsync(volume, "a")));
        }
    }

    [Fact]
    public async Task Recall_MetadataRefusesToKeepIt_IsKeptWithTheNextRound()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            volume.Test.Rows.RefuseSettingChange = static key => key.StartsWith("recall.", StringComparison.Ordinal) ? MetadataError.NoSpace : MetadataError.None;
            Assert.Equal((1L, 0L), ((await RecallAsync(volume, Bulk)) is var outcome ? (outcome.Recalling, outcome.Failed) : default)); // The store was asked, and is paid.
            await RecallerOf(volume).RoundAsync(default);
            Assert.NotEqual(0, volume.Test.Log.Count(656)); // It is told that it is not kept.
            await using (TestVolume crashed = await volume.Test.CrashAsync())
            {
                Assert.Equal(0, crashed.Volume.Parts.Writer!.Recaller.Table.Count);
            }

            volume.Test.Rows.RefuseSettingChange = null;
            await RecallerOf(volume).RoundAsync(default);
            await volume.Test.ReopenAsync();
            Assert.Equal("recalling", await StateAsync(volume, "a"));
            Assert.Single(volume.Shelf.Asked);
        }
    }

    [Fact]
    public async Task Recall_FasterWhileASlowerOneIsAskedFor_IsAskedForAsWell()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            FaultingObjectStore store = volume.Placed.Store(1);
            store.Add(new StoreFault(StoreFaultKind.Delay) { Verb = StoreVerb.Restore, Delay = TimeSpan.FromSeconds(1), Count = 1 });
            Task<RecallOutcome> slow = RecallAsync(volume, Bulk);
            await Eventually.TrueAsync(() => store.Delayed > 0, "the slow one is asked for");
            Task<RecallOutcome> fast = RecallAsync(volume, Expedited);
            volume.Time.Advance(TimeSpan.FromSeconds(1));
            await slow;
            await fast;
            Assert.Equal([Bulk, Expedited], volume.Shelf.Asked.Select(static asked => asked.Request));
        }
    }

    [Fact]
    public async Task Open_BackForTooLongAndRefused_Fails()
    {
        (ArchivedVolume volume, _) = await CreateAsync(OpenBehaviour.Block);
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            await BringBackAsync(volume);
            volume.Time.Advance(TimeSpan.FromDays(3));
            volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Restore, Error = StoreError.AccessDenied });
            Assert.Equal(FsError.Archived, await volume.TryOpenAsync("a"));
        }
    }

    [Fact]
    public async Task Wait_IsBackNoLonger_SaysSo()
    {
        var time = new ManualTimeProvider();
        var table = new RecallTable(time);
        var recall = new Recall(SegmentId.NewRandom(), 1, RestoreSpeed.Bulk, 3, time.GetUtcNow());
        table.TrySet(recall with { Until = time.GetUtcNow().AddDays(3) });
        Assert.True(await table.WaitAsync(recall.Segment, default));
        time.Advance(TimeSpan.FromDays(3));
        Assert.False(await table.WaitAsync(recall.Segment, default));
    }

    [Fact]
    public async Task Open_PartIsOnItsWayForAnotherFile_AsksForTheRest()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync(Placed(OpenBehaviour.Recall));
        await volume.Test.FileSystem.PutAsync("b", Content, volume.Placed.Directory);
        SegmentRow shared = await volume.Placed.UploadAsync("a", Content);
        HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/b");
        await volume.Test.FileSystem.WriteAsync(handle, Content.Length, Content);
        await volume.Test.FileSystem.CloseAsync(handle);
        await volume.Test.DrainAsync();
        await volume.Placed.ReopenEmptyAsync();
        await RecallAsync(volume, Bulk);
        Assert.Equal(StoreLayout.Segment(shared.Id), Assert.Single(volume.Shelf.Asked).Key);

        Assert.Equal(FsError.Recalling, await volume.TryOpenAsync("b"));
        await RecallerOf(volume).RoundAsync(default);
        Assert.Equal(2, volume.Shelf.Asked.Count);
        Assert.Equal(2, volume.Shelf.Asked.Select(static asked => asked.Key).Distinct().Count());
    }

    [Fact]
    public async Task Begin_VolumeIsClosed_IsRefused()
    {
        (ArchivedVolume volume, SegmentRow row) = await CreateAsync(OpenBehaviour.Fail);
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            InodeId inode = (await volume.Test.FileSystem.LookupAsync("placed/a")).Id;
            Recaller recaller = RecallerOf(volume);
            await volume.Test.StopAsync();
            Assert.Null(recaller.TryBegin(inode));
            Assert.False(await recaller.WaitAsync(row.Id, default));
        }
    }

    // Who is in the middle of a request when the clock jumps by days gives up on it, and waits by that clock before it tries again.
    private static bool IsHeldUp(ArchivedVolume volume, ref Task round)
    {
        if (volume.Placed.Store(1).Delayed > 0)
        {
            return true;
        }

        volume.Time.Advance(TimeSpan.FromSeconds(1));
        round = round.IsCompleted ? RecallerOf(volume).RoundAsync(default) : round;
        return false;
    }

    private static Placement Placed(OpenBehaviour opening) => ArchivedVolume.InArchive with { Archive = new ArchiveBehaviour { OnOpen = opening } };

    private static Task<(ArchivedVolume Volume, SegmentRow Row)> CreateAsync(OpenBehaviour opening, bool moves = false) =>
        ArchivedVolume.CreateWithFileAsync(Content, Placed(opening), moves);

    private static Recaller RecallerOf(ArchivedVolume volume) => volume.Test.Volume.Parts.Writer!.Recaller;

    private static async Task<RecallOutcome> RecallAsync(ArchivedVolume volume, RestoreRequest request, bool asks = true, CancellationToken cancel = default, params string[] names)
    {
        var inodes = new List<InodeId>();
        foreach (string name in names is [] ? ["a"] : names)
        {
            inodes.Add((await volume.Test.FileSystem.LookupAsync("placed/" + name)).Id);
        }

        return await volume.Test.Volume.RecallAsync(inodes, request, asks, cancel);
    }

    private static async Task BringBackAsync(ArchivedVolume volume)
    {
        Assert.Equal(1, volume.Shelf.Finish(volume.Time.GetUtcNow()));
        await Eventually.TrueAsync(
            async () =>
            {
                volume.Time.Advance(TimeSpan.FromMinutes(2)); // The volume's own round may be in the middle of its request when the clock jumps, and gives up on it.
                await RecallerOf(volume).RoundAsync(default);
                return RecallerOf(volume).Table.All.All(static recall => recall.Until is not null);
            },
            "it is seen that it is back");
    }

    private static async Task<string> StateAsync(ArchivedVolume volume, string name)
    {
        InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/" + name);
        return Encoding.UTF8.GetString((await volume.Test.FileSystem.GetXattrAsync(inode.Id, FileSystemCalls.Bytes("user.hipaafs.state"), default)).Value);
    }
}
