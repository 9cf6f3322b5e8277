using HipaaFs.Cache;
using HipaaFs.Checking;
using HipaaFs.Collection;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Scrubbing;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

public sealed class StoreRemovalTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task RemoveStore_ThatAPlacementNamesOrThatHasSegments_IsRefused()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        VolumeException named = await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RemoveStoreAsync(1, default));
        Assert.Contains("placements name it (1)", named.Message, StringComparison.Ordinal);

        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1 }, default);
        VolumeException full = await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RemoveStoreAsync(1, default));
        Assert.Contains($"1 segments of {row.ObjectLength} bytes", full.Message, StringComparison.Ordinal);
        Assert.Equal((VolumeFailure.Refused, VolumeFailure.Refused), (named.Failure, full.Failure));
        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RemoveStoreAsync(0, default));
        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RemoveStoreAsync(7, default));
        await volume.Test.ReopenAsync();
        Assert.Equal(["primary", "second", "third"], (await volume.Test.Volume.DescribeStoresAsync(default)).Select(static store => store.Store.Name));
    }

    [Fact]
    public async Task RemoveStore_ThatIsEmpty_IsGoneAndItsNumberIsGivenToNoOther()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [2] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        string left = volume.ObjectPath(1, row); // An upload that was cut off before its row said so.
        Directory.CreateDirectory(Path.GetDirectoryName(left)!);
        File.Copy(volume.ObjectPath(0, row), left);
        string unknown = Path.Combine(Path.GetDirectoryName(left)!, row.Id.ToString()[..2] + new string('0', 30));
        File.Copy(left, unknown);

        Assert.Equal(new StoreRemoval(IsLookedThrough: true, 1, 1), await volume.Test.Volume.RemoveStoreAsync(1, default));

        Assert.False(File.Exists(left));
        Assert.True(File.Exists(unknown));
        await AssertRemovedAsync(volume);
        await volume.ReopenEmptyAsync();
        await AssertRemovedAsync(volume);
        Assert.Equal(Content, await volume.ReadAsync("a"));
        RegisteredStore next = await volume.RegisterAsync("second");
        Assert.Equal(3, next.Number);
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task RemoveStore_ThatDoesNotAnswer_IsGoneAllTheSame()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [2] });
        volume.Store(1).Add(PlacedVolume.Dead);
        Assert.Equal(new StoreRemoval(IsLookedThrough: false, 0, 0), await volume.Test.Volume.RemoveStoreAsync(1, default));
        await AssertRemovedAsync(volume);
        Assert.True(await volume.Replicator.ReplicateAsync(default)); // It is missed by nobody.
    }

    [Fact]
    public async Task Status_StoreThatUploadsWaitFor_IsNamedUntilItTakesThem()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        Assert.Empty(volume.Test.Volume.GetStatus().Refusing);
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.NoSpace, Verb = StoreVerb.PutFile });
        await volume.WriteAsync("a", Content);
        await Eventually.TrueAsync(() => volume.Test.Volume.GetStatus().Refusing.Count > 0, "the upload fails");

        RefusingStore refusing = Assert.Single(volume.Test.Volume.GetStatus().Refusing);
        Assert.Equal((1, "second"), (refusing.Number, refusing.Name));
        Assert.StartsWith("it is full or a quota is used up", refusing.Reason, StringComparison.Ordinal);
        Assert.StartsWith("s3://", refusing.Url, StringComparison.Ordinal);
        volume.Store(1).Heal();
        await volume.Test.DrainAsync();
        Assert.Empty(volume.Test.Volume.GetStatus().Refusing);
    }

    [Fact]
    public async Task RemoveStore_WhileSomethingIsCopiedToIt_IsNotNotedAsBeingThere()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement());
        SegmentRow row = await volume.UploadAsync("a", Content);
        SegmentReplication replication = volume.Test.Volume.Parts.Writer!.Replication;
        replication.BeforeNoted = () => volume.Test.Volume.RemoveStoreAsync(1, default);

        Assert.Equal(StoreError.NotFound, await replication.TryAsync(await volume.RowAsync(row.Id), volume.Test.Volume.Parts.Stores.Find(1)!, default));

        Assert.Equal(1ul, await volume.CopiesAsync(row));
        Assert.Equal([0], volume.Having(row));
    }

    [Fact]
    public async Task ForgetStore_ThatAnswersOrIsNamedOrIsTheVolumesOwn_IsRefused()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [2] });
        Volume open = volume.Test.Volume;

        Assert.True((await open.DescribeLossAsync(1, default)).Answers);
        await AssertRefusedAsync(1, "it answers");
        volume.Store(2).Add(PlacedVolume.Dead);
        await AssertRefusedAsync(2, "placements name it");
        await AssertRefusedAsync(0, "it is the volume's home");

        async Task AssertRefusedAsync(int store, string why)
        {
            VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => open.ForgetStoreAsync(store, default));
            Assert.Equal(VolumeFailure.Refused, refused.Failure);
            Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ForgetStore_ThatIsLost_LosesOnlyWhatIsNowhereElse()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Sync = [2] });
        SegmentRow both = await volume.UploadAsync("both", Content);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1 }, default);
        SegmentRow cached = await volume.UploadAsync("cached", Content);
        SegmentRow alone = await volume.UploadAsync("alone", Content);
        File.Delete(volume.Test.Volume.Parts.Cache.Files.WholePath(alone.Id));
        Volume open = volume.Test.Volume;
        volume.Store(1).Add(PlacedVolume.Dead);
        await open.DefinePlacementAsync(new Placement { Number = 1, Primary = 2, Sync = [0] }, default);
        Assert.Equal(new StoreLoss(3, both.ObjectLength + cached.ObjectLength + alone.ObjectLength, 1, alone.ObjectLength, 1), await open.DescribeLossAsync(1, default));
        await open.ForgetStoreAsync(1, default);

        await AssertRemovedAsync(volume);
        await Eventually.TrueAsync(async () => await volume.CopiesAsync(both) == 5 && await volume.CopiesAsync(cached) == 5, "what is elsewhere is copied");
        Assert.Equal(2ul, await volume.CopiesAsync(alone)); // Who had it is all that is known.
        await volume.ReopenEmptyAsync();
        Assert.Equal(Content, await volume.ReadAsync("both"));
        Assert.Equal(Content, await volume.ReadAsync("cached"));
        ScrubReport scrubbed = (await volume.Test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;
        Assert.Equal((alone.Id, true, 1), (Assert.Single(scrubbed.Findings).Segment, scrubbed.Findings[0].IsMissing, scrubbed.Findings[0].Files.Count));

        // It turns up again, under another name.
        await volume.Test.StopAsync();
        Assert.Contains((await volume.Test.CheckAsync()).Findings, static finding => finding.Kind == CheckKind.SegmentMissing);
        Directory.Move(volume.Test.MemberDirectory(1), volume.Test.MemberDirectory(3));
        await volume.Test.OpenAsync();
        Assert.Equal(3, (await volume.RegisterAsync("again", isRemote: false)).Number);
        await volume.Test.StopAsync();
        Assert.All((await volume.Test.CheckAsync(repair: true)).Findings, static finding => Assert.True(finding.Repaired));
        await volume.Test.OpenAsync();
        Assert.Equal(Content, await volume.ReadAsync("alone"));
        await volume.Test.StopAsync();
        Directory.Move(volume.Test.MemberDirectory(3), volume.Test.MemberDirectory(3) + "-gone");
        await volume.Test.OpenAsync();
        await volume.Test.Volume.ForgetStoreAsync(3, default);

        // What was lost goes with its file, and keeps nothing from being deleted.
        InodeId directory = volume.Directory;
        await volume.Test.FileSystem.UnlinkAsync(directory, "alone"u8, default).Ok();
        await volume.Test.DrainAsync();
        SegmentCollector collector = volume.Test.Volume.Parts.Writer!.Collector;
        await collector.CollectAsync(TimeSpan.Zero, default);
        await volume.Test.DrainAsync(); // What was condemned is published.
        await collector.CollectAsync(TimeSpan.Zero, default);
        Assert.Equal(MetadataError.NotFound, (await volume.Test.Volume.Parts.Metadata.GetSegmentAsync(alone.Id)).Error);
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task ForgetStore_LostDataIsInTheCache_IsCopiedWhereItIsWholeAndNamedWhereItIsNot()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        SegmentRow warmed = await volume.UploadAsync("warmed", Content);
        await volume.Test.FileSystem.PutAsync("part", Content, volume.Directory);
        SegmentRow half = await volume.UploadAsync("rest", Content);
        await volume.ReopenEmptyAsync();
        InodeId part = (await volume.Test.FileSystem.LookupAsync("placed/part")).Id;
        await volume.Test.Volume.WarmAsync([(await volume.Test.FileSystem.LookupAsync("placed/warmed")).Id, part], new ProgressRecorder<WarmProgress>(), default);
        volume.Store(1).Add(PlacedVolume.Dead);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 2 }, default);

        StoreLoss loss = await volume.Test.Volume.DescribeLossAsync(1, default);

        Assert.Equal((2L, 1L, half.ObjectLength, 2L), (loss.Segments, loss.LostSegments, loss.LostBytes, loss.LostFiles));
        Assert.Equal(part.Value, Assert.Single(loss.CachedFiles));
        await volume.Test.Volume.ForgetStoreAsync(1, default);
        Assert.Equal(4ul, await volume.CopiesAsync(warmed));
        Assert.Equal(Content, await volume.ReadAsync("part")); // As long as it is in the cache.
        await volume.ReopenEmptyAsync();
        Assert.Equal(Content, await volume.ReadAsync("warmed"));
    }

    [Fact]
    public async Task ForgetStore_WhileSomethingIsCopiedFromIt_KeepsTheCopy()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        SegmentRow row = await volume.UploadAsync("a", Content);
        Volume open = volume.Test.Volume;
        await open.DefinePlacementAsync(new Placement { Number = 1, Primary = 2 }, default);
        await Eventually.TrueAsync(async () => await volume.CopiesAsync(row) == 6, "it is copied");
        MetadataResult<Applied> unnoted = await open.Parts.Metadata.SetCopiesAsync(open.Parts.Clock.NextOperation(), row.Id, 0, 4, default);
        Assert.True(unnoted.Succeeded);
        SegmentReplication replication = open.Parts.Writer!.Replication;
        replication.BeforeNoted = async () =>
        {
            replication.BeforeNoted = null;
            volume.Store(1).Add(PlacedVolume.Dead);
            File.Delete(open.Parts.Cache.Files.WholePath(row.Id));
            await open.ForgetStoreAsync(1, default);
            Assert.Equal(2ul, await volume.CopiesAsync(row)); // Nothing else is known to have it at this moment.
        };

        Assert.Equal(StoreError.None, await replication.TryAsync(await volume.RowAsync(row.Id), open.Parts.Stores.Find(2)!, default));

        Assert.NotEqual(0ul, await volume.CopiesAsync(row) & 4);
        await volume.ReopenEmptyAsync();
        Assert.Equal(Content, await volume.ReadAsync("a"));
        await volume.Test.AssertSoundAsync();
    }

    private static async Task AssertRemovedAsync(PlacedVolume volume)
    {
        Volume open = volume.Test.Volume;
        Assert.Equal([0, 2], (await open.DescribeStoresAsync(default)).Select(static store => store.Store.Number));
        Assert.Equal([0, 2], open.GetStatus().Stores.Select(static store => store.Number));
        await Assert.ThrowsAsync<VolumeException>(() => open.DefinePlacementAsync(new Placement { Number = 1, Primary = 1 }, default));
        await Assert.ThrowsAsync<VolumeException>(() => open.RemoveStoreAsync(1, default));
    }
}
