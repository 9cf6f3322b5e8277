using System.Text;
using HipaaFs.Archives;
using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Data that comes back from an archive.</summary>
public sealed class RecallTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(300_000, 1);
    private static readonly RestoreRequest Bulk = new(RestoreSpeed.Bulk, 3);

    [Fact]
    public async Task Recall_Archived_CanBeReadForTheDaysAskedAndNoLonger()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour());
        await using (volume)
        {
            RecallOutcome outcome = await RecallAsync(volume, Bulk);
            Assert.Equal((0L, 1L, 0L, StoreError.None), (outcome.Archived, outcome.Recalling, outcome.Recalled, outcome.Error));
            Assert.Equal(volume.Time.GetUtcNow().AddHours(48), outcome.Expected);
            Assert.Equal(Bulk, volume.Shelf.Asked.Single().Request);
            Assert.Equal(FsError.Archived, await volume.TryOpenAsync("a"));
            Assert.Equal("recalling", await StateAsync(volume));

            await BringBackAsync(volume);
            Assert.Equal("recalled", await StateAsync(volume));
            await AssertReadableAsync(volume);

            await volume.Placed.ReopenEmptyAsync();
            volume.Time.Advance(TimeSpan.FromDays(3));
            await RoundAsync(volume);
            Assert.Equal("archived", await StateAsync(volume));
            Assert.Equal(FsError.Archived, await volume.TryOpenAsync("a"));
        }
    }

    [Fact]
    public async Task Recall_StoreMovesTheObject_IsMovedDownAgainWhenItsTimeIsOver()
    {
        (ArchivedVolume volume, SegmentRow row) = await CreateAsync(new ArchiveBehaviour(), moves: true);
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            await BringBackAsync(volume);
            Assert.Equal(StorageTier.Hot, volume.TierOf(row));
            await AssertReadableAsync(volume);

            await volume.Placed.ReopenEmptyAsync();
            volume.Time.Advance(TimeSpan.FromDays(3));
            await Eventually.TrueAsync(
                async () =>
                {
                    await RoundAsync(volume);
                    return volume.TierOf(row) == StorageTier.Archive;
                },
                "it is moved down");
            Assert.Equal("archived", await StateAsync(volume));
        }
    }

    [Fact]
    public async Task Recall_ManyFilesOfOneSegmentOrAskedAgain_AsksOnce()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        await volume.Test.FileSystem.PutAsync("b", Content, volume.Placed.Directory);
        await volume.Placed.UploadAsync("a", Content);
        await volume.Placed.ReopenEmptyAsync();
        InodeId[] files = [(await volume.Test.FileSystem.LookupAsync("placed/a")).Id, (await volume.Test.FileSystem.LookupAsync("placed/b")).Id];
        RecallOutcome outcome = await volume.Test.Volume.RecallAsync(files, Bulk, asks: true, default);
        Assert.Equal((1L, 1L), (outcome.Recalling, outcome.Requests[1].Segments));
        await volume.Test.Volume.RecallAsync(files, Bulk, asks: true, default);
        Assert.Single(volume.Shelf.Asked);

        await volume.Test.Volume.RecallAsync(files, new RestoreRequest(RestoreSpeed.Expedited, 3), asks: true, default);
        Assert.Equal(2, volume.Shelf.Asked.Count);
    }

    [Fact]
    public async Task Recall_Nothing_SaysWhatItWouldAskFor()
    {
        (ArchivedVolume volume, SegmentRow row) = await CreateAsync(new ArchiveBehaviour());
        await using (volume)
        {
            RecallOutcome outcome = await RecallAsync(volume, Bulk, asks: false);
            Assert.Equal((1L, 0L), (outcome.Archived, outcome.Recalling));
            Assert.Equal((1L, row.ObjectLength), outcome.Requests[1]);
            Assert.Empty(volume.Shelf.Asked);
        }
    }

    [Fact]
    public async Task Recall_StoreRefuses_IsToldAndCanBeAskedAgain()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour());
        await using (volume)
        {
            volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Restore, Error = StoreError.Throttled, Count = 1 });
            RecallOutcome outcome = await RecallAsync(volume, Bulk);
            Assert.Equal((1L, 1L, StoreError.Throttled), (outcome.Archived, outcome.Failed, outcome.Error));
            outcome = await RecallAsync(volume, Bulk);
            Assert.Equal((0L, 1L), (outcome.Failed, outcome.Recalling));
        }
    }

    [Fact]
    public async Task Recall_VolumeIsOpenedAgain_IsStillKnown()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour());
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            await volume.Test.ReopenAsync();
            Assert.Equal("recalling", await StateAsync(volume));
            await BringBackAsync(volume);
            await volume.Test.ReopenAsync();
            await AssertReadableAsync(volume);
            Assert.Single(volume.Shelf.Asked);
        }
    }

    [Fact]
    public async Task Recall_StoreGivesUp_IsArchivedAgain()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour());
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            volume.Shelf.Lose();
            await Eventually.TrueAsync(() => ComesToAsync(volume, "archived"), "it is seen that it does not come");
            Assert.Equal("archived", await StateAsync(volume));
        }
    }

    [Fact]
    public async Task Recall_UnderWay_IsLookedAtRarely()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour());
        await using (volume)
        {
            await RecallAsync(volume, Bulk);
            var looks = new StoreFault(StoreFaultKind.Delay) { Verb = StoreVerb.GetProperties, KeyPrefix = "seg/" };
            volume.Placed.Store(1).Add(looks);
            for (int second = 0; second < 60; second++)
            {
                await RoundAsync(volume);
                volume.Time.Advance(TimeSpan.FromSeconds(1));
            }

            Assert.InRange(volume.Placed.Store(1).Struck, 0, 1);
        }
    }

    [Fact]
    public async Task Open_Recall_BeginsItOnceAndFailsUntilItIsBack()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Recall });
        await using (volume)
        {
            Assert.Equal(FsError.Recalling, await volume.TryOpenAsync("a"));
            Assert.Equal(FsError.Recalling, await volume.TryOpenAsync("a"));
            await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "it is asked for");
            Assert.Equal(FsError.Recalling, await volume.TryOpenAsync("a"));
            await BringBackAsync(volume);
            await AssertReadableAsync(volume);
            Assert.Single(volume.Shelf.Asked);
        }
    }

    [Fact]
    public async Task Open_Block_WaitsUntilItIsBack()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Block });
        await using (volume)
        {
            Task<FsError> opening = volume.TryOpenAsync("a");
            await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "it is asked for");
            Assert.False(opening.IsCompleted);
            await BringBackAsync(volume);
            Assert.Equal(FsError.None, await opening);
        }
    }

    [Fact]
    public async Task Open_BlockAndInterrupted_Ends()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Block });
        await using (volume)
        {
            using var interrupted = new CancellationTokenSource();
            Task<FsError> opening = volume.TryOpenAsync("a", interrupted: interrupted.Token);
            await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "it is asked for");
            await interrupted.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        }
    }

    [Fact]
    public async Task Open_BlockAndStoreRefuses_Fails()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Block });
        await using (volume)
        {
            volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Restore, Error = StoreError.AccessDenied });
            Assert.Equal(FsError.Archived, await volume.TryOpenAsync("a"));
        }
    }

    [Fact]
    public async Task Open_BlockedProgram_FailsAndBringsNothingBack()
    {
        string program = Path.GetFileName(Environment.ProcessPath!);
        foreach (string blocked in (string[])[program, Environment.ProcessPath!])
        {
            (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Recall, BlockedPrograms = ["other", blocked] });
            await using (volume)
            {
                InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/a");
                var self = new Caller(1000, 1000, (uint)Environment.ProcessId);
                Assert.Equal(FsError.Archived, (await volume.Test.FileSystem.OpenAsync(inode.Id, OpenFlags.Read, self, default)).Error);
                await RoundAsync(volume);
                Assert.Empty(volume.Shelf.Asked);
            }
        }
    }

    [Fact]
    public async Task Open_OtherProgramThanTheBlocked_Recalls()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Recall, BlockedPrograms = ["updatedb", "/usr/bin/file"] });
        await using (volume)
        {
            InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/a");
            var self = new Caller(1000, 1000, (uint)Environment.ProcessId);
            Assert.Equal(FsError.Recalling, (await volume.Test.FileSystem.OpenAsync(inode.Id, OpenFlags.Read, self, default)).Error);
        }
    }

    [Fact]
    public async Task Open_ReadOnlyVolume_Fails()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Block });
        await using (volume)
        {
            await volume.Test.StopAsync();
            await volume.Test.OpenAsync(VolumeMode.ReadOnly);
            Assert.Equal(FsError.Archived, await volume.TryOpenAsync("a"));
        }
    }

    [Fact]
    public async Task Attributes_Archived_SayTierAndWhenItIsBackAndAreNotListed()
    {
        (ArchivedVolume volume, _) = await CreateAsync(new ArchiveBehaviour());
        await using (volume)
        {
            Assert.Equal("archived", await StateAsync(volume));
            Assert.Equal("archive", await AttributeAsync(volume, "tier"));
            Assert.Null(await AttributeAsync(volume, "recall_eta"));
            await RecallAsync(volume, new RestoreRequest(RestoreSpeed.Expedited, 1));
            Assert.Equal(volume.Time.GetUtcNow().AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), await AttributeAsync(volume, "recall_eta"));
            Assert.Null(await AttributeAsync(volume, "recall_cost"));
            Assert.Null(await AttributeAsync(volume, "sha256"));
            InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/a");
            Assert.Empty(await volume.Test.FileSystem.ListXattrsAsync(inode.Id, default).Ok());
            Assert.Equal(
                FsError.NotSupported,
                await volume.Test.FileSystem.SetXattrAsync(inode.Id, FileSystemCalls.Bytes("user.hipaafs.state"), FileSystemCalls.Bytes("online"), XattrMode.Any, false, default));
        }
    }

    [Fact]
    public async Task SetTier_DirectoryHasIt_MovesTheFileOnceItCanBeRead()
    {
        (ArchivedVolume volume, SegmentRow row) = await CreateAsync(new ArchiveBehaviour());
        await using (volume)
        {
            await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2, Primary = 2 }, default);
            Placement withHot = ArchivedVolume.InArchive with { Number = 1, Patterns = [new PlacementPattern { Match = ["*.hot"], Placement = 2 }] };
            await volume.Test.Volume.DefinePlacementAsync(withHot, default);
            Assert.Equal(FsError.NotPermitted, await SetTierAsync(volume, "hot", user: 7));
            Assert.Equal(FsError.InvalidArgument, await SetTierAsync(volume, "warm"));
            Assert.Equal(FsError.NotSupported, await SetTierAsync(volume, "cool"));
            Assert.Equal(FsError.None, await SetTierAsync(volume, "archive"));
            Assert.Equal(FsError.None, await SetTierAsync(volume, "hot"));
            Assert.Equal(("hot", "archived"), (await AttributeAsync(volume, "tier"), await StateAsync(volume)));
            PlacementMover mover = volume.Test.Volume.Parts.Writer!.Mover;
            Assert.False(await mover.MoveAsync(long.MaxValue, default));

            await RecallAsync(volume, Bulk);
            await BringBackAsync(volume);
            await Eventually.TrueAsync(() => MovesAsync(volume, mover), "it is moved");
            Assert.Equal("online", await StateAsync(volume));
            await volume.Placed.ReopenEmptyAsync();
            Assert.Equal("online", await StateAsync(volume));
            FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
            Assert.Equal([1], volume.Placed.Having(row));
        }
    }

    private static Task<(ArchivedVolume Volume, SegmentRow Row)> CreateAsync(ArchiveBehaviour behaviour, bool moves = false) =>
        ArchivedVolume.CreateWithFileAsync(Content, ArchivedVolume.InArchive with { Archive = behaviour }, moves);

    private static async Task<RecallOutcome> RecallAsync(ArchivedVolume volume, RestoreRequest request, bool asks = true) =>
        await volume.Test.Volume.RecallAsync([(await volume.Test.FileSystem.LookupAsync("placed/a")).Id], request, asks, default);

    private static Task RoundAsync(ArchivedVolume volume) => volume.Test.Volume.Parts.Writer!.Recaller.RoundAsync(default);

    private static async Task BringBackAsync(ArchivedVolume volume)
    {
        Assert.Equal(1, volume.Shelf.Finish(volume.Time.GetUtcNow()));
        await Eventually.TrueAsync(() => ComesToAsync(volume, "recalled"), "it is seen that it is back");
    }

    // A request that is under way while the clock goes on may take too long by it: the next round asks again.
    private static async Task<bool> ComesToAsync(ArchivedVolume volume, string state)
    {
        volume.Time.Advance(TimeSpan.FromMinutes(2));
        await RoundAsync(volume);
        return await StateAsync(volume) == state;
    }

    // Likewise: a store that did not answer in time by that clock is left alone for a while.
    private static async Task<bool> MovesAsync(ArchivedVolume volume, PlacementMover mover)
    {
        volume.Time.Advance(TimeSpan.FromMinutes(2));
        return await mover.MoveAsync(long.MaxValue, default);
    }

    private static async Task AssertReadableAsync(ArchivedVolume volume)
    {
        Assert.Equal(FsError.None, await volume.TryOpenAsync("a"));
        FileSystemCalls.AssertSame(Content, await volume.Placed.ReadAsync("a"));
    }

    private static async Task<string> StateAsync(ArchivedVolume volume) => (await AttributeAsync(volume, "state"))!;

    private static async Task<string?> AttributeAsync(ArchivedVolume volume, string name)
    {
        InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/a");
        FsResult<byte[]> value = await volume.Test.FileSystem.GetXattrAsync(inode.Id, FileSystemCalls.Bytes("user.hipaafs." + name), default);
        Assert.True(value.IsOk || value.Error == FsError.NoAttribute);
        return value.IsOk ? Encoding.UTF8.GetString(value.Value) : null;
    }

    private static async Task<FsError> SetTierAsync(ArchivedVolume volume, string tier, uint? user = null)
    {
        InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/a");
        return await volume.Test.FileSystem.SetTierAsync(inode.Id, FileSystemCalls.Bytes(tier), new Caller(user ?? inode.Uid, 1000, 1), default);
    }
}
