using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>Data that moves to another segment.</content>
public abstract partial class MetadataStoreConformance
{
    [Fact]
    public async Task Relocate_LiveRow_IsMovedInPlace()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        InodeId file = await CreateFileAsync("f");
        InodeAttributes before = await WriteAsync(file, new Extent(10, 100, old, 1_000));

        Applied<RelocationOutcome> moved = Ok(await RelocateAsync(new Relocation(old, 1_000, 100, copy, 7)));

        Assert.Equal((1, 0), (moved.Value.LiveRows, moved.Value.PastRows));
        Assert.Equal([file], moved.Value.Inodes);
        Assert.Equal([new Extent(10, 100, copy, 7)], await ExtentsAsync(file));
        Assert.Equal(before, await StatAsync(file)); // Its version too: it reads the same.
        Ok(await Store.CondemnSegmentAsync(Next(), old, Now()));
        Fails(MetadataError.Conflict, await Store.CondemnSegmentAsync(Next(), copy, Now()));
    }

    [Fact]
    public async Task Relocate_RowThatOnlyASnapshotShows_IsMovedInPlace()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        SegmentId other = await AddSegmentAsync(SegmentState.Live);
        InodeId overwritten = await CreateFileAsync("f");
        InodeId deleted = await CreateFileAsync("g");
        await WriteAsync(overwritten, new Extent(0, 100, old, 0));
        await WriteAsync(deleted, new Extent(0, 100, old, 100));
        SnapshotId snapshot = await TakeAsync();
        await WriteAsync(overwritten, new Extent(0, 100, other, 0));
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "g")));
        List<string> live = await WalkAsync(Store);

        Applied<RelocationOutcome> moved = Ok(await RelocateAsync(new Relocation(old, 0, 200, copy, 50)));

        Assert.Equal((0, 2), (moved.Value.LiveRows, moved.Value.PastRows));
        Assert.Equal([overwritten, deleted], moved.Value.Inodes.Order());
        Assert.Equal(live, await WalkAsync(Store));
        Assert.Equal([new Extent(0, 100, copy, 50)], await ShownAsync(snapshot, overwritten));
        Assert.Equal([new Extent(0, 100, copy, 150)], await ShownAsync(snapshot, deleted));
        Ok(await Store.CondemnSegmentAsync(Next(), old, Now()));
        Fails(MetadataError.Conflict, await Store.CondemnSegmentAsync(Next(), copy, Now()));
        Ok(await Store.DeleteSnapshotAsync(Next(), snapshot));
        Ok(await Store.PurgeSnapshotsAsync());
        Ok(await Store.CondemnSegmentAsync(Next(), copy, Now()));
    }

    [Fact]
    public async Task Relocate_LiveRowThatASnapshotShows_LeavesNoHistory()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        InodeId file = await CreateFileAsync("f");
        await WriteAsync(file, new Extent(0, 100, old, 0));
        SnapshotId snapshot = await TakeAsync();

        Ok(await RelocateAsync(new Relocation(old, 0, 100, copy, 0)));

        Assert.Equal([new Extent(0, 100, copy, 0)], await ExtentsAsync(file));
        Assert.Equal([new Extent(0, 100, copy, 0)], await ShownAsync(snapshot, file));
        Assert.Empty(Ok(await Store.GetSegmentPastUsesAsync(copy)));
        Ok(await Store.CondemnSegmentAsync(Next(), old, Now()));
        await foreach (InodeDifference difference in Store.CompareAsync(snapshot, null))
        {
            Assert.Fail($"{difference}");
        }
    }

    [Fact]
    public async Task Relocate_OfAPlacement_LeavesRowsOfOtherFilesAndOfThoseThatAreGone()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        InodeId meant = await CreateFileAsync("f");
        InodeId other = await CreateFileAsync("g");
        InodeId gone = await CreateFileAsync("h");
        foreach (InodeId file in (InodeId[])[meant, other, gone])
        {
            await WriteAsync(file, new Extent(0, 100, old, 0), new Extent(100, 100, old, 200));
        }

        Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = meant, Mask = AttributeMask.Placement, Placement = 2, Now = Now() }));
        SnapshotId snapshot = await TakeAsync();
        Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = meant, Mask = AttributeMask.Size, Size = 100, Now = Now() }));
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "h")));
        var request = new RelocateRequest { Operation = Next(), Now = Now(), Runs = new[] { new Relocation(old, 0, 300, copy, 0) }, OfPlacement = 2 };

        Applied<RelocationOutcome> moved = Ok(await Store.RelocateAsync(request));

        Assert.Equal((1, 1), (moved.Value.LiveRows, moved.Value.PastRows));
        Assert.Equal([meant], moved.Value.Inodes);
        Assert.Equal([new Extent(0, 100, copy, 0)], await ExtentsAsync(meant));
        Assert.Equal([new(0, 100, copy, 0), new(100, 100, copy, 200)], await ShownAsync(snapshot, meant));
        Assert.Equal([new(0, 100, old, 0), new(100, 100, old, 200)], await ExtentsAsync(other));
        Assert.Equal([new(0, 100, old, 0), new(100, 100, old, 200)], await ShownAsync(snapshot, gone));
    }

    [Fact]
    public async Task Relocate_RowsThatLieInRunsInPart_AreSplit()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        SegmentId second = await AddSegmentAsync(SegmentState.Staged);
        InodeId file = await CreateFileAsync("f");
        await WriteAsync(file, new Extent(1_000, 100, old, 500), new Extent(2_000, 10, old, 0));
        SnapshotId snapshot = await TakeAsync();
        await WriteAsync(file, new Extent(1_080, 100, second, 0));

        Applied<RelocationOutcome> moved = Ok(await RelocateAsync(
            new Relocation(old, 490, 20, copy, 0),
            new Relocation(old, 520, 10, copy, 400),
            new Relocation(old, 530, 10, copy, 410),
            new Relocation(old, 590, 100, second, 300)));

        Assert.Equal((1, 1), (moved.Value.LiveRows, moved.Value.PastRows));
        Extent[] common =
        [
            new(1_000, 10, copy, 10),
            new(1_010, 10, old, 510),
            new(1_020, 20, copy, 400),
        ];
        Assert.Equal([.. common, new(1_040, 40, old, 540), new(1_080, 100, second, 0), new(2_000, 10, old, 0)], await ExtentsAsync(file));
        Assert.Equal([.. common, new(1_040, 50, old, 540), new(1_090, 10, second, 300), new(2_000, 10, old, 0)], await ShownAsync(snapshot, file));
        Assert.Equal((await ExtentsAsync(file)).Sum(extent => extent.Length), (await StatAsync(file)).AllocatedBytes);
    }

    [Fact]
    public async Task Relocate_Repeated_FindsNothingMore()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        InodeId file = await CreateFileAsync("f");
        InodeId other = await CreateFileAsync("g");
        await WriteAsync(file, new Extent(0, 100, old, 0));
        var request = new RelocateRequest { Operation = Next(), Runs = new[] { new Relocation(old, 0, 100, copy, 0) } };

        Applied<RelocationOutcome> first = Ok(await Store.RelocateAsync(request));
        Applied<RelocationOutcome> same = Ok(await Store.RelocateAsync(request));
        Applied<RelocationOutcome> again = Ok(await Store.RelocateAsync(request with { Operation = Next() }));
        await WriteAsync(other, new Extent(0, 10, old, 50));
        Applied<RelocationOutcome> later = Ok(await Store.RelocateAsync(request with { Operation = Next() }));

        Assert.Equal(first.Sequence, same.Sequence);
        Assert.Equal((1, 1, 0, 1), (first.Value.LiveRows, same.Value.LiveRows, again.Value.LiveRows, later.Value.LiveRows));
        Assert.Empty(again.Value.Inodes);
        Assert.Equal([new Extent(0, 10, copy, 50)], await ExtentsAsync(other));
    }

    [Fact]
    public async Task Relocate_ToASegmentThatCannotBeReferredTo_ChangesNothing()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        SegmentId condemned = await AddSegmentAsync(SegmentState.Live);
        Ok(await Store.CondemnSegmentAsync(Next(), condemned, Now()));
        var elsewhere = new SegmentRow { Id = SegmentId.NewRandom(), Domain = new DomainId(5), State = SegmentState.Live, Class = RecordClass.Data };
        Ok(await Store.AddSegmentAsync(Next(), elsewhere));
        InodeId file = await CreateFileAsync("f");
        await WriteAsync(file, new Extent(0, 100, old, 0));

        Fails(MetadataError.Conflict, await RelocateAsync(new(old, 0, 50, copy, 0), new(old, 50, 50, condemned, 0)));
        Fails(MetadataError.Conflict, await RelocateAsync(new Relocation(old, 0, 100, SegmentId.NewRandom(), 0)));
        Fails(MetadataError.Conflict, await RelocateAsync(new Relocation(old, 0, 100, old, 200)));
        Fails(MetadataError.CrossesDomain, await RelocateAsync(new Relocation(old, 0, 100, elsewhere.Id, 0)));
        Fails(MetadataError.Conflict, await RelocateAsync(new(old, 0, 50, copy, 0), new(old, 49, 50, copy, 50)));
        Fails(MetadataError.Conflict, await RelocateAsync(new(old, 50, 50, copy, 0), new(old, 0, 50, copy, 50)));
        Fails(MetadataError.Conflict, await RelocateAsync(new Relocation(old, 0, 0, copy, 0)));

        Assert.Equal([new Extent(0, 100, old, 0)], await ExtentsAsync(file));
        Assert.Equal(0, Ok(await Store.RelocateAsync(new RelocateRequest())).Value.LiveRows);
    }

    [Fact]
    public async Task Relocate_WhileRowsOfADeletedSnapshotAreLeft_KeepsTheOthers()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        SegmentId other = await AddSegmentAsync(SegmentState.Live);
        InodeId file = await CreateFileAsync("f");
        await WriteAsync(file, new Extent(0, 100, old, 0));
        SnapshotId first = await TakeAsync();
        await WriteAsync(file, new Extent(0, 50, old, 500));
        SnapshotId second = await TakeAsync();
        await WriteAsync(file, new Extent(0, 100, other, 0));
        Ok(await Store.DeleteSnapshotAsync(Next(), first));

        Ok(await RelocateAsync(new(old, 0, 100, copy, 1_000), new(old, 500, 50, copy, 0)));
        Ok(await Store.PurgeSnapshotsAsync());

        Assert.Equal([new Extent(0, 50, copy, 0), new Extent(50, 50, copy, 1_050)], await ShownAsync(second, file));
        Ok(await Store.CondemnSegmentAsync(Next(), old, Now()));
        Ok(await Store.DeleteSnapshotAsync(Next(), second));
        Ok(await Store.PurgeSnapshotsAsync());
        Ok(await Store.CondemnSegmentAsync(Next(), copy, Now()));
    }

    // Whoever restores an older dump and what was published since has to find the data of snapshots where it is now.
    [Fact]
    public async Task Relocate_BetweenADumpAndWhatFollowsIt_ReachesAReader()
    {
        (SegmentId old, SegmentId copy) = await AddTwoAsync();
        await using IMetadataStore reader = await OpenAsync();
        InodeId file = await CreateFileAsync("f");
        InodeId deleted = await CreateFileAsync("g");
        await WriteAsync(file, new Extent(0, 100, old, 0));
        await WriteAsync(deleted, new Extent(0, 100, old, 100));
        SnapshotId first = await TakeAsync();
        await WriteAsync(file, new Extent(50, 10, old, 300));
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "g")));
        CommitSequence dumped = default;
        await foreach (ChangeBatch batch in Store.DumpAsync())
        {
            Ok(await reader.LoadAsync(batch));
            dumped = batch.Last;
        }

        // All of it without a commit asked for: what a batch is, is the store's business.
        SnapshotId second = await TakeAsync();
        await WriteAsync(file, new Extent(0, 20, old, 400));
        Ok(await RelocateAsync(new(old, 0, 200, copy, 0), new(old, 300, 10, copy, 200), new(old, 400, 20, copy, 210)));
        await WriteAsync(file, new Extent(90, 20, copy, 300));
        Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = file, Mask = AttributeMask.Size, Size = 95, Now = Now() }));
        Ok(await Store.CondemnSegmentAsync(Next(), old, Now()));
        Ok(await Store.MakeDurableAsync(Store.Applied));
        await foreach (ChangeBatch batch in Store.ChangesSinceAsync(dumped))
        {
            Ok(await reader.LoadAsync(batch));
        }

        await AssertSameHistoryAsync(reader, first, second);
        Assert.Empty(Ok(await reader.GetSegmentPastUsesAsync(old)));
        Assert.Equal(
            [new Extent(0, 50, copy, 0), new Extent(50, 10, copy, 200), new Extent(60, 40, copy, 60)], await ShownAsync(second, file));
        Assert.Equal([new Extent(0, 100, copy, 100)], await ShownAsync(first, deleted));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Relocate_AmongRandomChanges_MovesEveryByteThatAnythingShows(int seed)
    {
        var random = new Random(seed);
        await using IMetadataStore followed = await OpenAsync();
        SegmentId segment = await AddSegmentAsync(SegmentState.Live);
        long next = 0;
        InodeId[] files = [await CreateFileAsync("a"), await CreateFileAsync("b")];
        var live = new Dictionary<InodeId, ByteMap> { [files[0]] = new(), [files[1]] = new() };
        var shown = new List<(SnapshotId Id, Dictionary<InodeId, ByteMap> Files)>();
        for (int i = 0; i < 150; i++)
        {
            InodeId file = files[random.Next(2)];
            int offset = random.Next(ByteMap.Length - 64);
            int length = random.Next(1, 64);
            switch (random.Next(12))
            {
                case < 6:
                    var extent = new Extent(offset, length, segment, next);
                    next += length;
                    await WriteAsync(file, extent);
                    live[file].Write(extent);
                    break;
                case < 8:
                    int to = random.Next(ByteMap.Length - 64);
                    InodeId target = files[random.Next(2)];
                    if (target != file || Math.Abs(to - offset) >= length)
                    {
                        Ok(await Store.CloneExtentsAsync(new CloneExtentsRequest
                        {
                            Source = file,
                            SourceOffset = offset,
                            Target = target,
                            TargetOffset = to,
                            Length = length,
                            NewSize = to + length,
                            Now = Now(),
                        }));
                        live[target].Clone(live[file], offset, to, length);
                    }

                    break;
                case < 10:
                    shown.Add((await TakeAsync(), live.ToDictionary(pair => pair.Key, pair => pair.Value.Copy())));
                    break;
                case 10 when shown.Count > 0:
                    int gone = random.Next(shown.Count);
                    Ok(await Store.DeleteSnapshotAsync(Next(), shown[gone].Id));
                    shown.RemoveAt(gone);
                    break;
                default:
                    SegmentId copy = await AddSegmentAsync(SegmentState.Live);
                    Relocation[] runs = Runs(random, segment, next, copy);
                    Ok(await RelocateAsync(runs));
                    foreach (ByteMap map in live.Values.Concat(shown.SelectMany(snapshot => snapshot.Files.Values)))
                    {
                        map.Relocate(runs);
                    }

                    break;
            }
        }

        Ok(await Store.MakeDurableAsync(Store.Applied));
        await foreach (ChangeBatch batch in Store.ChangesSinceAsync(default))
        {
            Ok(await followed.LoadAsync(batch));
        }

        foreach (IMetadataStore store in new[] { Store, followed })
        {
            await AssertMapsAsync(store, live, $"seed {seed}, live");
            foreach ((SnapshotId id, Dictionary<InodeId, ByteMap> maps) in shown)
            {
                await AssertMapsAsync(store.OpenSnapshot(id), maps, $"seed {seed}, snapshot {id}");
            }
        }

        await AssertSameHistoryAsync(followed, [.. shown.Select(snapshot => snapshot.Id)]);
    }

    private static Relocation[] Runs(Random random, SegmentId segment, long length, SegmentId copy)
    {
        var runs = new List<Relocation>();
        long to = 0;
        for (long at = random.Next(40); at < length;)
        {
            long run = random.Next(1, 200);
            runs.Add(new Relocation(segment, at, run, copy, to));
            to += run + random.Next(2);
            at += run + (random.Next(2) * random.Next(100));
        }

        return [.. runs];
    }

    private static async Task AssertMapsAsync(IMetadataView view, Dictionary<InodeId, ByteMap> maps, string when)
    {
        foreach ((InodeId file, ByteMap map) in maps)
        {
            map.AssertEqual(Ok(await view.GetExtentsAsync(file, 0, long.MaxValue, int.MaxValue)).Extents, Ok(await view.GetInodeAsync(file)), when);
        }
    }

    private async Task AssertSameHistoryAsync(IMetadataStore reader, params SnapshotId[] snapshots)
    {
        Assert.Equal(await WalkAsync(Store), await WalkAsync(reader));
        foreach (SnapshotId snapshot in snapshots)
        {
            Assert.Equal(await WalkAsync(Store.OpenSnapshot(snapshot)), await WalkAsync(reader.OpenSnapshot(snapshot)));
        }
    }

    private async Task<(SegmentId Old, SegmentId Copy)> AddTwoAsync() =>
        (await AddSegmentAsync(SegmentState.Live), await AddSegmentAsync(SegmentState.Live));

    private async Task<MetadataResult<Applied<RelocationOutcome>>> RelocateAsync(params Relocation[] runs) =>
        await Store.RelocateAsync(new RelocateRequest { Operation = Next(), Now = Now(), Runs = runs });

    private async Task<IReadOnlyList<Extent>> ShownAsync(SnapshotId snapshot, InodeId inode) =>
        Ok(await Store.OpenSnapshot(snapshot).GetExtentsAsync(inode, 0, long.MaxValue, int.MaxValue)).Extents;
}
