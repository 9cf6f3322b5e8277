using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>Which stores have which segments.</content>
public abstract partial class MetadataStoreConformance
{
    // The placement that AddSegmentAsync gives.
    private const uint Placed = 3;

    [Fact]
    public async Task Copies_OfAStagedSegment_AreNoneUntilItGoesLive()
    {
        SegmentRow staged = NewSegment(SegmentState.Staged) with { Copies = 5 };
        Ok(await Store.AddSegmentAsync(Next(), staged));
        Assert.Equal(0u, await CopiesAsync(staged.Id));
        Ok(await Store.UpdateSegmentAsync(Next(), staged with { ObjectLength = 10 }));
        Assert.Equal(0u, await CopiesAsync(staged.Id));
        Fails(MetadataError.Conflict, await Store.SetCopiesAsync(Next(), staged.Id, 1, 0));
        Assert.Empty(Ok(await Store.SumCopiesAsync()).Groups);

        Ok(await Store.UpdateSegmentAsync(Next(), staged with { State = SegmentState.Live, Copies = 6 }));
        Assert.Equal(6u, await CopiesAsync(staged.Id));
    }

    [Fact]
    public async Task Copies_OfALiveSegmentThatSaysNothing_AreInStoreZero()
    {
        SegmentId added = await AddSegmentAsync(SegmentState.Live);
        SegmentRow staged = NewSegment(SegmentState.Staged);
        Ok(await Store.AddSegmentAsync(Next(), staged));
        Ok(await Store.UpdateSegmentAsync(Next(), staged with { State = SegmentState.Live }));

        Assert.Equal(SegmentCopies.Own, await CopiesAsync(added));
        Assert.Equal(SegmentCopies.Own, await CopiesAsync(staged.Id));
    }

    [Fact]
    public async Task Update_OfALiveSegment_KeepsTheCopiesThatWereSetMeanwhile()
    {
        SegmentId id = await AddSegmentAsync(SegmentState.Live);
        SegmentRow read = Ok(await Store.GetSegmentAsync(id));
        Ok(await Store.SetCopiesAsync(Next(), id, 0b110, 0b001));

        Ok(await Store.UpdateSegmentAsync(Next(), read with { ObjectLength = 77 }));
        Assert.Equal(read with { ObjectLength = 77, Copies = 0b110 }, Ok(await Store.GetSegmentAsync(id)));
        Ok(await Store.UpdateSegmentAsync(Next(), read with { Copies = 0b1000 }));
        Assert.Equal(0b110u, await CopiesAsync(id));
    }

    [Fact]
    public async Task SetCopies_SetsAndClears_AndNeverLeavesNone()
    {
        SegmentId id = await AddSegmentAsync(SegmentState.Live);
        SegmentRow row = Ok(await Store.GetSegmentAsync(id));

        Ok(await Store.SetCopiesAsync(Next(), id, SegmentCopies.In(63) | 0b100, 0));
        Assert.Equal(row with { Copies = SegmentCopies.In(63) | 0b101 }, Ok(await Store.GetSegmentAsync(id)));
        Ok(await Store.SetCopiesAsync(Next(), id, 0b100, 0b011)); // Of what is said some was so already.
        Assert.Equal(SegmentCopies.In(63) | 0b100, await CopiesAsync(id));
        Fails(MetadataError.Conflict, await Store.SetCopiesAsync(Next(), id, 0, ulong.MaxValue));
        Fails(MetadataError.Conflict, await Store.SetCopiesAsync(Next(), id, 0, SegmentCopies.In(63) | 0b100));
        Assert.Equal(SegmentCopies.In(63) | 0b100, await CopiesAsync(id));
        Ok(await Store.SetCopiesAsync(Next(), id, 0b10, ~0b10UL)); // Away from all others at once.
        Assert.Equal(0b10u, await CopiesAsync(id));
        Ok(await Store.SetCopiesAsync(Next(), id, 0, 0));
        Assert.Equal(row with { Copies = 0b10 }, Ok(await Store.GetSegmentAsync(id)));
        Fails(MetadataError.NotFound, await Store.SetCopiesAsync(Next(), SegmentId.NewRandom(), 1, 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.SetCopiesAsync(Next(), id, 0b110, 0b010));
    }

    [Fact]
    public async Task SetCopies_OfACondemnedSegment_ClearsTheLastOneTooAndSetsNone()
    {
        SegmentId id = await AddSegmentAsync(SegmentState.Live);
        Ok(await Store.SetCopiesAsync(Next(), id, 0b110, 0));
        Ok(await Store.CondemnSegmentAsync(Next(), id, Now()));
        SegmentRow row = Ok(await Store.GetSegmentAsync(id));

        Fails(MetadataError.Conflict, await Store.SetCopiesAsync(Next(), id, 0b1000, 0));
        Fails(MetadataError.Conflict, await Store.SetCopiesAsync(Next(), id, 0b100, 0b10)); // What has it already, too: who says so has put it there again.
        Assert.Equal(row, Ok(await Store.GetSegmentAsync(id)));
        Ok(await Store.SetCopiesAsync(Next(), id, 0, 0b1010)); // Of what is said some was so already.
        Assert.Equal(row with { Copies = 0b101 }, Ok(await Store.GetSegmentAsync(id)));
        Assert.Empty(Ok(await Store.ListHoldingAsync(1, null, 9)));
        Assert.Equal(1, Ok(await Store.SumCopiesAsync()).OfStore(2).Segments);
        Ok(await Store.SetCopiesAsync(Next(), id, 0, 0b101));
        Assert.Equal(row with { Copies = 0 }, Ok(await Store.GetSegmentAsync(id)));
        Assert.Empty(Ok(await Store.ListHoldingAsync(0, null, 9)));
        Ok(await Store.ForgetSegmentAsync(Next(), id));
        Fails(MetadataError.NotFound, await Store.GetSegmentAsync(id));
    }

    [Fact]
    public async Task SetCopies_AskedAgain_IsDoneOnce()
    {
        SegmentId id = await AddSegmentAsync(SegmentState.Live);
        OperationId operation = Next();
        CommitSequence first = Ok(await Store.SetCopiesAsync(operation, id, 0b10, 0)).Sequence;
        Ok(await Store.SetCopiesAsync(Next(), id, 0, 0b10));

        Assert.Equal(first, Ok(await Store.SetCopiesAsync(operation, id, 0b10, 0)).Sequence);
        Assert.Equal(0b01u, await CopiesAsync(id));
    }

    [Fact]
    public async Task ListLacking_PageByPage_AnswersThoseOfThePlacementOldestFirst()
    {
        List<SegmentRow> all = await SpreadAsync();
        foreach ((uint placement, ulong wanted) in new (uint, ulong)[] { (Placed, 0b11), (Placed, 0b1), (4u, 0b111), (4u, SegmentCopies.In(63)), (Placed, 0), (9u, 1), (uint.MaxValue, 0b10) })
        {
            IEnumerable<SegmentRow> lacking = all.Where(row =>
                row.State == SegmentState.Live && row.Placement == placement && (row.Copies & wanted) != wanted);
            await AssertPagesAsync(lacking, async (after, limit) => Ok(await Store.ListLackingAsync(placement, wanted, after, limit)));
        }
    }

    [Fact]
    public async Task ListLacking_WhileCopiesAreMade_MeetsEachSegmentOnce()
    {
        var ids = new List<SegmentId>();
        for (int i = 0; i < 20; i++)
        {
            ids.Add(await AddSegmentAsync(SegmentState.Live));
        }

        var met = new List<SegmentId>();
        SegmentRow? after = null;
        while (Ok(await Store.ListLackingAsync(Placed, 0b11, after, 3)) is { Count: > 0 } page)
        {
            foreach (SegmentRow row in page)
            {
                Ok(await Store.SetCopiesAsync(Next(), row.Id, 0b10, 0));
                met.Add(row.Id);
            }

            after = page[^1];
        }

        Assert.Equal(ids, met);
        Assert.Empty(Ok(await Store.ListLackingAsync(Placed, 0b11, null, 3)));
    }

    [Fact]
    public async Task ListHolding_PageByPage_AnswersLiveAndCondemnedSegmentsOldestFirst()
    {
        List<SegmentRow> all = await SpreadAsync();
        foreach (int store in new[] { 0, 1, 2, 5, 63 })
        {
            IEnumerable<SegmentRow> held = all.Where(row => row.State != SegmentState.Staged && (row.Copies & SegmentCopies.In(store)) != 0);
            await AssertPagesAsync(held, async (after, limit) => Ok(await Store.ListHoldingAsync(store, after, limit)));
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.ListHoldingAsync(64, null, 1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.ListHoldingAsync(-1, null, 1));
    }

    [Fact]
    public async Task ListGroup_PageByPage_AnswersTheLiveSegmentsThatExactlyTheseStoresHave()
    {
        List<SegmentRow> all = await SpreadAsync();
        Assert.Contains(all, row => row is { State: SegmentState.Live, Placement: Placed, Copies: 0b11 });
        foreach ((uint placement, ulong copies) in new (uint, ulong)[] { (Placed, 0b11), (Placed, 0b1), (4u, 0b10), (4u, SegmentCopies.In(63)), (Placed, 0), (9u, 1) })
        {
            IEnumerable<SegmentRow> group = all.Where(row => row.State == SegmentState.Live && row.Placement == placement && row.Copies == copies);
            await AssertPagesAsync(group, async (after, limit) => Ok(await Store.ListGroupAsync(placement, copies, after, limit)));
        }
    }

    [Fact]
    public async Task SumCopies_OfWhatCameAndWent_IsThatOfTheRows()
    {
        Assert.Empty(Ok(await Store.SumCopiesAsync()).Groups);
        List<SegmentRow> all = await SpreadAsync();
        CopyTotals totals = Ok(await Store.SumCopiesAsync());

        Assert.Equal(
            all.Where(row => row.State != SegmentState.Staged)
                .GroupBy(row => (row.State, row.Placement, Copies: (long)row.Copies))
                .OrderBy(group => group.Key)
                .Select(group => new CopyGroup(group.Key.State, group.Key.Placement, (ulong)group.Key.Copies, SumOf(group))),
            totals.Groups);
        foreach (int store in new[] { 0, 1, 2, 5, 63 })
        {
            Assert.Equal(SumOf(all.Where(row => (row.Copies & SegmentCopies.In(store)) != 0)), totals.OfStore(store));
        }

        foreach (uint placement in new[] { Placed, 4u, 5u, uint.MaxValue })
        {
            List<SegmentRow> live = all.FindAll(row => row.State == SegmentState.Live && row.Placement == placement);
            Assert.Equal(SumOf(live), totals.OfPlacement(placement));
            Assert.Equal(SumOf(live.Where(row => (row.Copies & 0b11) != 0b11)), totals.Lacking(placement, 0b11));
            Assert.Equal(default, totals.Lacking(placement, 0));
        }

        foreach (SegmentRow row in all)
        {
            Ok(await Store.CondemnSegmentAsync(Next(), row.Id, Now()));
            Ok(await Store.ForgetSegmentAsync(Next(), row.Id));
        }

        Assert.Empty(Ok(await Store.SumCopiesAsync()).Groups);
    }

    [Fact]
    public async Task Copies_LoadedFromADumpOrFromChanges_AreTheSame()
    {
        await SpreadAsync();
        Ok(await Store.MakeDurableAsync(Store.Applied));
        foreach (IAsyncEnumerable<ChangeBatch> source in new[] { Store.DumpAsync(), Store.ChangesSinceAsync(default) })
        {
            await using IMetadataStore copy = await OpenAsync();
            await foreach (ChangeBatch batch in source)
            {
                Ok(await copy.LoadAsync(batch));
                Ok(await copy.LoadAsync(batch)); // Loading a row twice counts it once.
            }

            await AssertSameAsync(copy);
        }
    }

    [Fact]
    public async Task Changes_OfCopies_HaveTheRowInItsLastState()
    {
        SegmentId id = await AddSegmentAsync(SegmentState.Live);
        SegmentId same = await AddSegmentAsync(SegmentState.Live);
        Ok(await Store.MakeDurableAsync(Store.Applied));
        CommitSequence start = Store.Durable;
        Ok(await Store.SetCopiesAsync(Next(), id, 0b100, 0));
        Ok(await Store.SetCopiesAsync(Next(), id, 0b10, 0b1));
        Ok(await Store.SetCopiesAsync(Next(), same, 0b1, 0b10)); // As it was: no change.
        Ok(await Store.MakeDurableAsync(Store.Applied));

        SegmentChange change = Assert.Single((await ChangesAsync(start)).OfType<SegmentChange>());
        Assert.Equal((ChangeKind.Upsert, Ok(await Store.GetSegmentAsync(id))), (change.Kind, change.Segment));
        Assert.Equal(0b110u, change.Segment.Copies);
    }

    [Theory]
    [InlineData(SegmentState.Staged, 0)]
    [InlineData(SegmentState.Live, 1)]
    [InlineData(SegmentState.Condemned, 1)]
    public async Task Load_OfARowWithoutCopies_HasThoseOfAVolumeWithOneStore(SegmentState state, ulong copies)
    {
        SegmentRow row = NewSegment(state) with { Copies = 6 };
        Ok(await Store.LoadAsync(WithoutCopies(row)));

        Assert.Equal(row with { Copies = copies }, Ok(await Store.GetSegmentAsync(row.Id)) with { Condemned = default });
        Assert.Equal(state == SegmentState.Staged ? 0 : 1, Ok(await Store.SumCopiesAsync()).OfStore(0).Segments);
    }

    [Theory]
    [InlineData(SegmentState.Staged, 6, 0)]
    [InlineData(SegmentState.Live, 0, 1)]
    [InlineData(SegmentState.Live, 6, 6)]
    [InlineData(SegmentState.Condemned, 0, 0)]
    public async Task Load_OfARowWithCopies_KeepsWhatItsStateCanHave(SegmentState state, ulong said, ulong copies)
    {
        SegmentRow row = NewSegment(state) with { Copies = said };
        Ok(await Store.LoadAsync(ChangeCodec.Encode(Store.Applied, Store.Applied, [new SegmentChange(ChangeKind.Upsert, row)])));

        Assert.Equal(copies, await CopiesAsync(row.Id));
    }

    [Fact]
    public async Task SetCopies_OfWhatASnapshotShows_ChangesNothingInIt()
    {
        SegmentId id = await AddSegmentAsync(SegmentState.Live);
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, id, 0));
        SnapshotId snapshot = Ok(await Store.CreateSnapshotAsync(Next(), default, Now())).Value.Id;
        InodeAttributes before = await StatAsync(file);

        Ok(await Store.SetCopiesAsync(Next(), id, 0b10, 0b1));

        IMetadataView then = Store.OpenSnapshot(snapshot);
        Assert.Equal(before, Ok(await then.GetInodeAsync(file)));
        Assert.Equal(before, await StatAsync(file));
        Assert.Equal([new Extent(0, 100, id, 0)], Ok(await then.GetExtentsAsync(file, 0, 100, 9)).Extents);
        Assert.Empty(Ok(await Store.GetSegmentPastUsesAsync(id)));
        await foreach (InodeDifference difference in Store.CompareAsync(snapshot, null))
        {
            Assert.Fail($"{difference.Inode} differs");
        }
    }

    [Fact]
    public async Task SetAttributes_Placement_IsThatOfTheInodeAlone()
    {
        InodeId directory = await CreateDirectoryAsync("d");
        InodeId file = await CreateFileAsync("f", directory);
        Ok(await Store.MakeDurableAsync(Store.Applied));
        CommitSequence start = Store.Durable;
        Timestamp now = Now();
        var request = new SetAttributesRequest { Operation = Next(), Inode = directory, Mask = AttributeMask.Placement, Placement = uint.MaxValue, Now = now };
        InodeAttributes before = await StatAsync(directory);

        InodeAttributes changed = Ok(await Store.SetAttributesAsync(request)).Value;

        Assert.Equal(before with { Placement = uint.MaxValue, ChangeTime = now, Version = changed.Version }, changed);
        Assert.Equal(changed, await StatAsync(directory));
        Assert.Equal(0u, (await StatAsync(file)).Placement);
        Assert.Equal(0u, (await StatAsync(await CreateFileAsync("later", directory))).Placement); // Who creates says what is inherited.
        Ok(await Store.SetAttributesAsync(request with { Operation = Next(), Inode = file, Placement = 7 }));
        Assert.Equal(7u, (await StatAsync(file)).Placement);
        Ok(await Store.MakeDurableAsync(Store.Applied));
        Assert.Contains(await ChangesAsync(start), change => change is InodeChange { Inode: { Placement: uint.MaxValue } inode } && inode.Id == directory);
    }

    // A row as writers encoded it when there was one store: eight bytes shorter.
    private static ChangeBatch WithoutCopies(SegmentRow row)
    {
        byte[] encoded = ChangeCodec.Encode(default, default, [new SegmentChange(ChangeKind.Upsert, row)]).Encoded.ToArray();
        encoded[ChangeCodec.HeaderSize + 2] -= sizeof(ulong);
        return new ChangeBatch(default, default, encoded.AsMemory(0, encoded.Length - sizeof(ulong)));
    }

    private static CopySum SumOf(IEnumerable<SegmentRow> rows)
    {
        CopySum sum = default;
        foreach (SegmentRow row in rows)
        {
            sum += new CopySum(1, row.ObjectLength);
        }

        return sum;
    }

    private SegmentRow NewSegment(SegmentState state) => new()
    {
        Id = SegmentId.NewRandom(),
        Epoch = EpochId.NewRandom(),
        Class = RecordClass.Data,
        State = state,
        Created = Now(),
        Changed = Now(),
        Placement = Placed,
    };

    private async Task<ulong> CopiesAsync(SegmentId segment) => Ok(await Store.GetSegmentAsync(segment)).Copies;

    // Segments of several placements, in several stores, in every state, some as old as others. Answers what is left of them.
    private async Task<List<SegmentRow>> SpreadAsync()
    {
        ulong[] masks = [0b1, 0b10, 0b11, 0b100, SegmentCopies.In(63), SegmentCopies.In(63) | 1, ulong.MaxValue];
        uint[] placements = [Placed, 4, uint.MaxValue];
        var ids = new List<SegmentId>();
        for (int i = 0; i < 90; i++)
        {
            SegmentRow row = NewSegment(i % 5 == 0 ? SegmentState.Staged : SegmentState.Live) with
            {
                Placement = placements[i % placements.Length],
                Copies = masks[i % masks.Length],
                ObjectLength = 1000 + i,
                Changed = new Timestamp((i * 37 % 90 / 3) - 10),
            };
            Ok(await Store.AddSegmentAsync(Next(), row));
            ids.Add(row.Id);
        }

        var left = new List<SegmentRow>();
        for (int i = 0; i < ids.Count; i++)
        {
            SegmentRow row = Ok(await Store.GetSegmentAsync(ids[i]));
            if (i % 10 == 5)
            {
                Ok(await Store.UpdateSegmentAsync(Next(), row with { State = SegmentState.Live, Copies = 0b10, ObjectLength = 5000 + i }));
            }
            else if (i % 7 == 3 && row.State == SegmentState.Live)
            {
                Ok(await Store.SetCopiesAsync(Next(), row.Id, 0b100, 0b11));
            }
            else if (i % 11 == 4)
            {
                Ok(await Store.UpdateSegmentAsync(Next(), row with { Placement = Placed, ObjectLength = 7 }));
            }

            if (i % 9 == 2)
            {
                Ok(await Store.CondemnSegmentAsync(Next(), row.Id, new Timestamp(i % 4)));
            }

            if (i % 27 == 2)
            {
                Ok(await Store.ForgetSegmentAsync(Next(), row.Id));
                continue;
            }

            left.Add(Ok(await Store.GetSegmentAsync(row.Id)));
        }

        return left;
    }

    private static async Task AssertPagesAsync(
        IEnumerable<SegmentRow> expected, Func<SegmentRow?, int, Task<IReadOnlyList<SegmentRow>>> list)
    {
        List<SegmentRow> ordered = expected.OrderBy(row => row.Changed).ThenBy(row => row.Id.Value).ToList();
        Assert.Equal(ordered, await list(null, int.MaxValue));
        var listed = new List<SegmentRow>();
        SegmentRow? after = null;
        while (await list(after, 4) is { Count: > 0 } page)
        {
            Assert.True(page.Count <= 4);
            listed.AddRange(page);
            after = page[^1];
        }

        Assert.Equal(ordered, listed);
    }
}
