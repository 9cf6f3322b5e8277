using HipaaFs.Collection;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Spending;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

public sealed class ReplicationTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(200_000, 1);

    [Fact]
    public async Task Upload_SyncReplicaDead_StaysStagedUntilItIsBack()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1], Async = [2] }, time);
        volume.Store(1).Add(PlacedVolume.Dead);
        SegmentRow row = await volume.WriteAsync("a", Content);
        await Eventually.TrueAsync(() => volume.Test.Volume.GetStatus().FailedSegments == 1, "the upload fails");
        Assert.Equal(SegmentState.Staged, (await volume.RowAsync(row.Id)).State);
        Assert.Equal(Content, await volume.ReadAsync("a"));

        int puts = volume.Store(0).CallsOf(StoreVerb.PutFile);
        volume.Store(1).Heal();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return volume.Test.Volume.GetStatus().StagedSegments == 0;
            },
            "it is uploaded");
        Assert.Equal(3ul, await volume.CopiesAsync(row) & 3);
        Assert.Equal(puts, volume.Store(0).CallsOf(StoreVerb.PutFile)); // What has it is not asked to take it again.
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Replicate_OutsideTheWindowsOfAReplica_WaitsForThem()
    {
        var time = new ManualTimeProvider(new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero)); // A Friday.
        var placement = new Placement { Sync = [1], Async = [2], Windows = new Dictionary<int, IReadOnlyList<string>> { [2] = ["sat-sun 00:00-24:00", "13:00-14:00"] } };
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(placement, time);
        SegmentRow row = await volume.UploadAsync("a", Content);
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal((3ul, 1L), (await volume.CopiesAsync(row), volume.Replicator.LagOf(2)!.Segments));
        Assert.Equal([null, null, ReplicationPause.Window], volume.Test.Volume.GetStatus().Stores.Select(static store => store.Waits));

        await volume.ReopenEmptyAsync();
        Assert.True(volume.Test.Volume.Placements[1].IsSameAs(placement with { Number = 1 }));
        Assert.False(volume.Test.Volume.Placements[1].IsSameAs(placement with { Number = 1, Windows = new Dictionary<int, IReadOnlyList<string>>() }));
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal(3ul, await volume.CopiesAsync(row));

        time.Advance(TimeSpan.FromHours(1));
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal(7ul, await volume.CopiesAsync(row));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Replicate_BudgetOfTheReplicaIsUsedUp_WaitsAndGoesOn()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1], Async = [2] });
        SpendingLedger ledger = volume.Test.Volume.Parts.Writer!.Spending;
        SpendingStop stop = SpendingStop.Replication;
        IReadOnlyList<StoreSpending> asked = [];
        volume.Test.Volume.JudgeSpending = (spending, _) =>
        {
            asked = spending;
            return new(new Dictionary<int, SpendingStop> { [2] = stop });
        };
        await ledger.JudgeAsync(default);
        Assert.Contains(2, asked.Select(static spent => spent.Store));

        SegmentRow row = await volume.UploadAsync("a", Content); // A synchronous copy belongs to the write, which goes on.
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal((3ul, 1L), (await volume.CopiesAsync(row), volume.Replicator.LagOf(2)!.Segments));
        Assert.Equal([null, null, ReplicationPause.Budget], volume.Test.Volume.GetStatus().Stores.Select(static store => store.Waits));

        stop = SpendingStop.Recall;
        await ledger.JudgeAsync(default);
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal(7ul, await volume.CopiesAsync(row));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Copies_InDirectoriesOfOneFileSystem_ShareNoFile()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1], Async = [2] }, isRemote: false);
        SegmentRow row = await volume.UploadAsync("a", Content);
        Assert.True(await volume.Replicator.ReplicateAsync(default)); // From the cache, which is the primary's object by a link.
        Assert.Equal(7ul, await volume.CopiesAsync(row));
        Assert.Equal(3, Files().Distinct().Count());

        File.WriteAllBytes(volume.ObjectPath(1, row), new byte[100]);
        await volume.Test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default);
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal(3, Files().Distinct().Count());
        await volume.Test.AssertSoundAsync();

        IEnumerable<ulong> Files() => Enumerable.Range(0, 3).Select(store => Platform.FileStatus.Of(volume.ObjectPath(store, row))!.Value.Inode);
    }

    [Fact]
    public async Task Upload_PrimaryDead_IsLiveInAReplicaAndThePrimaryGetsItWhenItIsBack()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Async = [1, 2] });
        volume.Store(0).Add(PlacedVolume.Dead);
        SegmentRow first = await volume.UploadAsync("a", Content);
        int asked = volume.Store(0).CallsOf(StoreVerb.PutFile);
        SegmentRow second = await volume.UploadAsync("b", Content);
        Assert.Equal((SegmentState.Live, 2ul), (first.State, first.Copies));
        Assert.Equal((SegmentState.Live, 2ul), (second.State, second.Copies));
        Assert.Equal(asked, volume.Store(0).CallsOf(StoreVerb.PutFile)); // It is known to be away.

        Assert.False(await volume.Replicator.ReplicateAsync(default));
        StoreStatus primary = volume.Test.Volume.GetStatus().Stores[0];
        Assert.Equal((2L, first.ObjectLength + second.ObjectLength, first.Changed.ToDateTimeOffset()), (primary.Lag!.Segments, primary.Lag.Bytes, primary.Lag.Oldest));
        Assert.True(primary.IsAway);
        Assert.NotNull(primary.AwaySince);
        Assert.Equal(6ul, await volume.CopiesAsync(first));

        volume.Store(0).Heal();
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal(ReplicationLag.None, volume.Test.Volume.GetStatus().Stores[0].Lag);
        Assert.Equal(7ul, await volume.CopiesAsync(first));
        Assert.Equal([0, 1, 2], volume.Having(second));
        await volume.Test.DrainAsync();
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Read_PrimaryDead_IsServedByTheReplicaAndTheNextRequestDoesNotAskThePrimary()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        await volume.UploadAsync("a", Content);
        await volume.UploadAsync("b", Content);
        await volume.ReopenEmptyAsync();
        await Eventually.TrueAsync(() => volume.Replicator.LagOf(0) is not null, "it has looked for work");
        Assert.True(await volume.Replicator.ReplicateAsync(default)); // From here on it waits for the clock.
        volume.Store(0).Add(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.TimedOut });
        int before = volume.Store(0).CallsOf(StoreVerb.Read);

        Assert.Equal(Content, await volume.ReadAsync("a"));
        int first = volume.Store(0).CallsOf(StoreVerb.Read) - before;
        Assert.Equal(Content, await volume.ReadAsync("b"));
        Assert.Equal((1, 1), (first, volume.Store(0).CallsOf(StoreVerb.Read) - before));
    }

    [Fact]
    public async Task Read_PrimaryDoesNotAnswer_IsServedByTheReplicaWithinSeconds()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] }, time);
        await volume.UploadAsync("a", Content);
        await volume.UploadAsync("b", Content);
        await volume.ReopenEmptyAsync();
        volume.Store(0).Add(new StoreFault(StoreFaultKind.Hang) { KeyPrefix = "seg/" });
        long begun = time.GetTimestamp();
        Task<byte[]> reading = volume.ReadAsync("a");
        await Eventually.TrueAsync(() => volume.Store(0).Struck > 0, "the primary is asked");
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(Content, await reading);
        Assert.Equal(Content, await volume.ReadAsync("b")); // The clock stands still.
        Assert.Equal(TimeSpan.FromSeconds(5), time.GetElapsedTime(begun));
    }

    [Theory]
    [InlineData(StoreError.NotFound)]
    [InlineData(StoreError.Throttled)]
    [InlineData(StoreError.AccessDenied)]
    [InlineData(StoreError.Archived)]
    [InlineData(StoreError.Corrupt)]
    public async Task Read_PrimaryRefuses_IsServedByTheReplica(StoreError error)
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        await volume.UploadAsync("a", Content);
        await volume.ReopenEmptyAsync();
        volume.Store(0).Add(new StoreFault(StoreFaultKind.Fail) { KeyPrefix = "seg/", Error = error });
        Assert.Equal(Content, await volume.ReadAsync("a"));
    }

    [Fact]
    public async Task Read_WrongBytesInOneCopy_TakesTheOther()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.ReopenEmptyAsync();
        Spoil(volume.ObjectPath(0, row), 5000);
        Assert.Equal(Content, await volume.ReadAsync("a"));
        Assert.Equal(Content, await volume.ReadAsync("a"));
    }

    [Fact]
    public async Task Scrub_BadAndMissingCopies_AreMadeAgainFromTheGoodOneAndTold()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1, 2] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.ReopenEmptyAsync();
        Spoil(volume.ObjectPath(0, row), 5000);
        File.Delete(volume.ObjectPath(2, row));

        ScrubReport report = (await volume.Test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;
        Assert.Equal(
            [(0, false, true, 0), (2, true, true, 0)],
            report.Findings.Select(static finding => (finding.Store, finding.IsMissing, finding.IsRepaired, finding.FileCount)).Order());
        Assert.Equal(7ul, await volume.CopiesAsync(row));
        byte[] good = await File.ReadAllBytesAsync(volume.ObjectPath(1, row));
        Assert.Equal(good, await File.ReadAllBytesAsync(volume.ObjectPath(0, row)));
        Assert.Equal(good, await File.ReadAllBytesAsync(volume.ObjectPath(2, row)));
        Assert.Empty((await volume.Test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!.Findings);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Scrub_OfOneStore_MakesItsCopiesAgainAndLooksAtNoOther(bool presenceOnly)
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1, 2] });
        SegmentRow gone = await volume.UploadAsync("a", Content);
        SegmentRow bad = await volume.UploadAsync("b", Content);
        SegmentRow other = await volume.UploadAsync("c", Content);
        File.Delete(volume.ObjectPath(1, gone));
        Spoil(volume.ObjectPath(1, bad), 5000);
        File.Delete(volume.ObjectPath(2, other));
        var options = new ScrubOptions { Store = 1, PresenceOnly = presenceOnly };

        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Sync = [2] }, default);
        await volume.UploadAsync("d", Content); // Which is none of this store's.
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Sync = [1, 2] }, default);
        var told = new ProgressRecorder<ScrubProgress>();

        ScrubReport report = (await volume.Test.Volume.ScrubAsync(options, told, default))!;

        Assert.Equal((report.Bytes, report.Bytes), (told.Reports[0].TotalBytes, told.Reports[^1].TotalBytes));
        Assert.Equal(report.Bytes, told.Reports[^1].DoneBytes);
        Assert.Equal((0, presenceOnly ? 1 : 2, StoreError.None), (report.Damaged, report.Repaired, report.Stopped));
        Assert.True(report.Segments >= 3);
        Assert.All(report.Findings, static finding => Assert.Equal((1, true), (finding.Store, finding.IsRepaired)));
        Assert.Equal([0, 1, 2], volume.Having(gone));
        Assert.Equal([0, 1], volume.Having(other));
        Assert.Equal(7ul, await volume.CopiesAsync(other));
        Assert.Equal(presenceOnly ? 1 : 0, (await volume.Test.Volume.ScrubAsync(new ScrubOptions { Store = 1 }, new Progress<ScrubProgress>(), default))!.Repaired);
        Assert.False((await volume.Test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!.IsResumed);
    }

    [Fact]
    public async Task Scrub_OfAStoreThatDoesNotAnswer_SaysSoAndForgetsNothing()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        volume.Store(1).Add(PlacedVolume.Dead);

        foreach (bool presenceOnly in (bool[])[false, true])
        {
            ScrubReport report = (await volume.Test.Volume.ScrubAsync(new ScrubOptions { Store = 1, PresenceOnly = presenceOnly }, new Progress<ScrubProgress>(), default))!;
            Assert.Equal((0, 0, StoreError.Unavailable), (report.Damaged, report.Repaired, report.Stopped));
        }

        Assert.Equal(3ul, await volume.CopiesAsync(row));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => volume.Test.Volume.ScrubAsync(new ScrubOptions { Store = 9 }, new Progress<ScrubProgress>(), default));
    }

    [Fact]
    public async Task Scrub_StoreAway_ReadsTheOtherCopiesAndSaysWhyItIsNotDone()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1, 2] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.ReopenEmptyAsync();
        File.Delete(volume.ObjectPath(2, row));
        volume.Store(1).Add(PlacedVolume.Dead);
        ScrubReport report = (await volume.Test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;
        Assert.Equal(2, Assert.Single(report.Findings).Store);
        Assert.Equal(StoreError.Unavailable, report.Stopped);
        Assert.Equal(7ul, await volume.CopiesAsync(row));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Replicate_CrashBeforeItIsNoted_FindsTheObjectThere(bool isCached)
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Async = [1] });
        volume.Test.DeadMembers.Add(1);
        volume.Store(1).Add(PlacedVolume.Dead);
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.Test.DrainAsync();
        if (!isCached)
        {
            await volume.ReopenEmptyAsync();
        }

        TestVolume? crashed = null;
        volume.Test.Volume.Parts.Writer!.Replication.BeforeNoted = async () => crashed ??= await volume.Test.CrashAsync(static copy => copy.DeadMembers.Add(1));
        volume.Store(1).Heal();
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.NotNull(crashed);
        await using (crashed)
        {
            Assert.Equal(1ul, (await crashed.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Value.Copies);
            crashed.Members[1].Heal();
            Assert.True(await crashed.Volume.Parts.Writer!.Replicator.ReplicateAsync(default));
            Assert.Equal(3ul, (await crashed.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Value.Copies);
            Assert.Empty(Directory.GetFiles(crashed.StagingDirectory, "replica-*"));
            await crashed.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Scrub_AnotherStoreAtAReplicasPlace_ForgetsNoCopyAndSaysThatItIsNotDone()
    {
        await using TestVolume other = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        Directory.Move(volume.Test.MemberDirectory(1), volume.Test.MemberDirectory(1) + ".away");
        TestVolume.CopyTree(other.StoreDirectory, volume.Test.MemberDirectory(1));
        ScrubReport report = (await volume.Test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;
        Assert.Empty(report.Findings);
        Assert.NotEqual(StoreError.None, report.Stopped);
        Assert.Equal(3ul, await volume.CopiesAsync(row));

        Directory.Delete(volume.Test.MemberDirectory(1), recursive: true);
        Directory.Move(volume.Test.MemberDirectory(1) + ".away", volume.Test.MemberDirectory(1));
        report = (await volume.Test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;
        Assert.Equal((0, StoreError.None), (report.Findings.Count, report.Stopped));
    }

    [Fact]
    public async Task Replicate_CondemnedMeanwhile_LeavesTheObjectToTheCollector()
    {
        await using PlacedVolume volume = await LackingAsync(new Placement { Async = [1] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        SegmentCollector collector = volume.Test.Volume.Parts.Writer!.Collector;
        volume.Test.Volume.Parts.Writer!.Replication.BeforeNoted = async () =>
        {
            await RemoveAsync(volume);
            await collector.CollectAsync(TimeSpan.Zero, default); // Its copy is under way: nothing is deleted yet.
        };
        volume.Store(1).Heal();
        await volume.Replicator.ReplicateAsync(default);
        Assert.Equal(SegmentState.Condemned, (await volume.RowAsync(row.Id)).State);
        Assert.Equal([0, 1], volume.Having(row));

        await collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Empty(volume.Having(row));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Replicate_AfterTheCollectorWasThere_IsDeletedByItsNextRound()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1, 2] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        SegmentCollector collector = volume.Test.Volume.Parts.Writer!.Collector;
        await RemoveAsync(volume);
        File.Copy(volume.ObjectPath(0, row), volume.ObjectPath(0, row) + ".kept");
        volume.Store(2).Add(PlacedVolume.Dead);
        await collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal([2], volume.Having(row));

        // Who read its row long ago copies it.
        File.Move(volume.ObjectPath(0, row) + ".kept", volume.ObjectPath(0, row));
        MemberStore target = volume.Test.Volume.Parts.Stores.Find(1)!;
        Assert.Equal(StoreError.NotFound, await volume.Test.Volume.Parts.Writer!.Replication.TryAsync(row with { Copies = 1 }, target, default));
        File.Delete(volume.ObjectPath(0, row));
        Assert.Equal([1, 2], volume.Having(row));
        volume.Store(2).Heal();
        await collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Empty(volume.Having(row));
        Assert.Equal(MetadataError.NotFound, (await volume.Test.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Replicate_ForgottenMeanwhile_DeletesTheObjectUnlessANewerSessionHasTheVolume(bool isFenced)
    {
        await using PlacedVolume volume = await LackingAsync(new Placement { Async = [1] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        IMetadataStore rows = volume.Test.Volume.Parts.Metadata;
        volume.Test.Volume.Parts.Writer!.Replication.BeforeNoted = async () =>
        {
            await RemoveAsync(volume);
            Assert.True((await rows.ForgetSegmentAsync(default, row.Id)).Succeeded);
            if (isFenced)
            {
                string claims = Path.Combine(volume.Test.StoreDirectory, "session");
                await File.WriteAllTextAsync(Path.Combine(claims, $"{volume.Test.Volume.Session + 1:x16}"), "{}");
            }
        };
        volume.Store(1).Heal();
        await volume.Replicator.ReplicateAsync(default);
        Assert.Equal(isFenced, File.Exists(volume.ObjectPath(1, row)));
    }

    [Fact]
    public async Task Replicate_TheOnlyCopyIsBad_IsNotReadAgainAtOnceAndHoldsUpNoOther()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Async = [1] });
        volume.Test.DeadMembers.Add(1);
        volume.Store(1).Add(PlacedVolume.Dead);
        SegmentRow bad = await volume.UploadAsync("a", Content);
        SegmentRow good = await volume.UploadAsync("b", Content);
        await volume.ReopenEmptyAsync();
        Spoil(volume.ObjectPath(0, bad), 5000);
        volume.Store(1).Heal();

        Assert.False(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal((1ul, 3ul), (await volume.CopiesAsync(bad), await volume.CopiesAsync(good)));
        volume.Store(0).Add(new StoreFault(StoreFaultKind.Fail) { KeyPrefix = "seg/" });
        Assert.False(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal(0, volume.Store(0).Struck);
        Assert.Equal(1, volume.Test.Volume.GetStatus().Stores[1].Lag!.Segments);
    }

    [Fact]
    public async Task Upload_CrashBetweenTheStores_IsDoneByTheNextMount()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile });
        SegmentRow row = await volume.WriteAsync("a", Content);
        await Eventually.TrueAsync(() => volume.Test.Volume.GetStatus().FailedSegments == 1, "the upload fails");
        Assert.Equal([0], volume.Having(row));
        await volume.Test.FileSystem.SyncAsync(default).Ok();
        await using TestVolume crashed = await volume.Test.CrashAsync();
        Assert.True(await crashed.Volume.Parts.Writer!.Uploader.WaitUntilUploadedAsync(default));
        SegmentRow after = (await crashed.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Value;
        Assert.Equal((SegmentState.Live, 3ul), (after.State, after.Copies));
        Assert.Equal(Content, await crashed.FileSystem.GetAsync("placed/a"));
        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Delete_OneStoreAway_GoesFromTheOthersAndFromItWhenItIsBack()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1, 2] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.Test.FileSystem.UnlinkAsync(volume.Directory, "a"u8, default).Ok();
        await volume.Test.FileSystem.SyncAsync(default).Ok();
        var collect = volume.Test.Volume.Parts.Writer!.Collector;
        await collect.CollectAsync(TimeSpan.Zero, default);
        await volume.Test.DrainAsync();
        volume.Store(1).Add(PlacedVolume.Dead);
        await collect.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal([1], volume.Having(row));
        Assert.Equal(SegmentState.Condemned, (await volume.RowAsync(row.Id)).State);
        int deletes = volume.Store(2).CallsOf(StoreVerb.Delete);

        volume.Store(1).Heal();
        await collect.CollectAsync(TimeSpan.Zero, default);
        Assert.Empty(volume.Having(row));
        Assert.Equal(MetadataError.NotFound, (await volume.Test.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Error);
        Assert.Equal(deletes, volume.Store(2).CallsOf(StoreVerb.Delete));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Replicate_AnotherStoreAtTheReplicasPlace_GetsNothingAndIsTold()
    {
        await using TestVolume other = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Async = [1] });
        Directory.Move(volume.Test.MemberDirectory(1), volume.Test.MemberDirectory(1) + ".away");
        TestVolume.CopyTree(other.StoreDirectory, volume.Test.MemberDirectory(1));
        SegmentRow row = await volume.UploadAsync("a", Content);

        Assert.False(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal([0], volume.Having(row));
        StoreStatus status = volume.Test.Volume.GetStatus().Stores[1];
        Assert.Contains("another store", status.Problem, StringComparison.Ordinal);
        Assert.Equal(1, status.Lag!.Segments);
        await volume.Test.ReopenAsync();
        Assert.False(await volume.Replicator.ReplicateAsync(default));
        Assert.Contains("belongs to volume", volume.Test.Volume.GetStatus().Stores[1].Problem, StringComparison.Ordinal);
        Assert.Equal([0], volume.Having(row));

        await volume.Test.StopAsync();
        Directory.Delete(volume.Test.MemberDirectory(1), recursive: true);
        await volume.Test.OpenAsync();
        Assert.Equal(Content, await volume.ReadAsync("a"));
        Assert.False(await volume.Replicator.ReplicateAsync(default));
        Directory.Move(volume.Test.MemberDirectory(1) + ".away", volume.Test.MemberDirectory(1));
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal([0, 1], volume.Having(row));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Restore_FromThePrimaryAlone_KnowsTheOtherStoresAndWhatOnlyTheyHave()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Sync = [2] }, isRemote: false);
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.Test.FileSystem.PutAsync("b", Content);
        await volume.Test.DrainAsync();
        await volume.Test.StopAsync();
        File.Delete(volume.ObjectPath(1, row));
        (TestVolume restored, RestoreReport report) = await volume.Test.RestoreAsync(open: false);
        await using (restored)
        {
            Assert.Equal((0L, 0L, true), (report.MissingSegments, report.UncheckedSegments, report.IsComplete));
            TestVolume.CopyTree(volume.Test.MemberDirectory(1), restored.MemberDirectory(1));
            TestVolume.CopyTree(volume.Test.MemberDirectory(2), restored.MemberDirectory(2));
            await restored.OpenAsync();
            Assert.Equal(4ul, (await restored.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Value.Copies);
            Assert.Equal(Content, await restored.FileSystem.GetAsync("placed/a"));
            Assert.Equal(Content, await restored.FileSystem.GetAsync("b"));
            Assert.True(await restored.Volume.Parts.Writer!.Replicator.ReplicateAsync(default));
            Assert.Equal(6ul, (await restored.Volume.Parts.Metadata.GetSegmentAsync(row.Id)).Value.Copies);
        }

        Directory.Delete(volume.Test.MemberDirectory(2), recursive: true);
        (TestVolume again, report) = await volume.Test.RestoreAsync(open: false);
        await using (again)
        {
            Assert.Equal((0L, 1L), (report.MissingSegments, report.UncheckedSegments));
            Assert.Equal(["third"], report.UnreadStores);
        }
    }

    // A volume whose store 1 is dead from its opening on.
    private static async Task<PlacedVolume> LackingAsync(Placement placement)
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(placement);
        volume.Test.DeadMembers.Add(1);
        volume.Store(1).Add(PlacedVolume.Dead);
        return volume;
    }

    // Nothing refers to it any more, in the last backup point neither.
    private static async Task RemoveAsync(PlacedVolume volume)
    {
        await volume.Test.FileSystem.UnlinkAsync(volume.Directory, "a"u8, default).Ok();
        await volume.Test.FileSystem.SyncAsync(default).Ok();
        await volume.Test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.FromDays(1), default);
        await volume.Test.DrainAsync();
    }

    private static void Spoil(string path, int offset)
    {
        byte[] content = File.ReadAllBytes(path);
        content[offset] ^= 1;
        File.Delete(path); // Another store may have the same file under another name.
        File.WriteAllBytes(path, content);
    }
}
