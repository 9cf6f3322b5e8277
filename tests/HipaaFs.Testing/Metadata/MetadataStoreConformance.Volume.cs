using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>Segments, sessions, settings, snapshots, durability, the change stream.</content>
public abstract partial class MetadataStoreConformance
{
    [Fact]
    public async Task Segment_LivesFromStagedToForgotten()
    {
        SegmentId id = await AddSegmentAsync();
        SegmentRow staged = Ok(await Store.GetSegmentAsync(id));
        SegmentRow live = staged with { State = SegmentState.Live, Copies = 4, PlaintextLength = 100, ObjectLength = 212, Changed = Now() };

        Fails(MetadataError.Exists, await Store.AddSegmentAsync(Next(), staged));
        Ok(await Store.UpdateSegmentAsync(Next(), live));
        Assert.Equal(live, Ok(await Store.GetSegmentAsync(id)));
        Fails(MetadataError.Conflict, await Store.UpdateSegmentAsync(Next(), staged));
        Fails(MetadataError.Conflict, await Store.ForgetSegmentAsync(Next(), id));
        Timestamp now = Now();
        CommitSequence condemned = Ok(await Store.CondemnSegmentAsync(Next(), id, now)).Sequence;
        Assert.Equal(live with { State = SegmentState.Condemned, Changed = now, Condemned = condemned }, Ok(await Store.GetSegmentAsync(id)));
        Fails(MetadataError.Conflict, await Store.UpdateSegmentAsync(Next(), live));
        Ok(await Store.CondemnSegmentAsync(Next(), id, Now()));
        Assert.Equal(condemned, Ok(await Store.GetSegmentAsync(id)).Condemned);
        Ok(await Store.ForgetSegmentAsync(Next(), id));
        Fails(MetadataError.NotFound, await Store.GetSegmentAsync(id));
        Fails(MetadataError.NotFound, await Store.CondemnSegmentAsync(Next(), id, Now()));
        Fails(MetadataError.NotFound, await Store.UpdateSegmentAsync(Next(), live));
        Fails(MetadataError.Conflict, await Store.AddSegmentAsync(Next(), live with { State = SegmentState.Condemned }));
    }

    [Fact]
    public async Task Condemn_WhileReferredTo_Conflicts()
    {
        SegmentId used = await AddSegmentAsync(SegmentState.Live);
        SegmentId free = await AddSegmentAsync(SegmentState.Live);
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 10, used, 0));
        Ok(await Store.MakeDurableAsync(Store.Applied));

        Fails(MetadataError.Conflict, await Store.CondemnSegmentAsync(Next(), used, Now()));
        Assert.Equal([free], Ok(await Store.ListUnreferencedSegmentsAsync(10)).Select(row => row.Id));
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a")));
        Ok(await Store.MakeDurableAsync(Store.Applied));
        Assert.Equal(2, Ok(await Store.ListUnreferencedSegmentsAsync(10)).Count);
        Ok(await Store.CondemnSegmentAsync(Next(), used, Now()));
    }

    [Fact]
    public async Task ListSegments_PageByPage_AnswersThoseOfTheState()
    {
        var ids = new List<SegmentId>();
        for (int i = 0; i < 7; i++)
        {
            ids.Add(await AddSegmentAsync());
            await AddSegmentAsync(SegmentState.Live);
        }

        var listed = new List<SegmentId>();
        SegmentId? after = null;
        IReadOnlyList<SegmentRow> page;
        do
        {
            page = Ok(await Store.ListSegmentsAsync(SegmentState.Staged, after, 3));
            listed.AddRange(page.Select(row => row.Id));
            after = listed.Count > 0 ? listed[^1] : null;
        }
        while (page.Count == 3);

        Assert.Equal(ids.OrderBy(id => id.Value), listed);
        Assert.Empty(Ok(await Store.ListSegmentsAsync(SegmentState.Condemned, null, 3)));
    }

    [Fact]
    public async Task Sessions_AreNumberedAndClosed()
    {
        var opening = new SessionOpening { Host = "other", ProcessId = 9, Now = Now() };
        SessionRow second = Ok(await Store.OpenSessionAsync(opening)).Value;
        SessionRow later = Ok(await Store.OpenSessionAsync(opening with { AtLeast = new SessionId(100) })).Value;
        Timestamp closed = Now();

        Ok(await Store.CloseSessionAsync(second.Id, closed));

        Assert.Equal(new SessionRow(new SessionId(Session.Id.Value + 1), "other", 9, opening.Now, null), second);
        Assert.Equal(new SessionId(100), later.Id);
        Assert.Equal([Session, second with { Closed = closed }, later], Ok(await Store.ListSessionsAsync()));
        Fails(MetadataError.NotFound, await Store.CloseSessionAsync(new SessionId(999), Now()));
    }

    [Fact]
    public async Task ReserveInodes_OfTwoSessions_NeverMeet()
    {
        SessionRow other = Ok(await Store.OpenSessionAsync(new SessionOpening { Host = "other", Now = Now() })).Value;
        var ranges = new List<InodeRange> { _range };
        for (int i = 0; i < 10; i++)
        {
            ranges.Add(Ok(await Store.ReserveInodesAsync(i % 2 == 0 ? Session.Id : other.Id, 100 + i)));
        }

        ranges.Sort((left, right) => left.First.CompareTo(right.First));
        Assert.True(ranges[0].First > InodeId.Root);
        for (int i = 1; i < ranges.Count; i++)
        {
            Assert.True(ranges[i].First.Value >= ranges[i - 1].First.Value + (ulong)ranges[i - 1].Count);
        }
    }

    [Fact]
    public async Task Settings_AreSetReplacedAndRemoved()
    {
        Fails(MetadataError.NotFound, await Store.GetSettingAsync("published"));
        Ok(await Store.SetSettingAsync(Next(), "published", new byte[] { 1, 2 }));
        Ok(await Store.SetSettingAsync(Next(), "published", new byte[] { 3 }));
        Assert.Equal([3], Ok(await Store.GetSettingAsync("published")).ToArray());
        Ok(await Store.SetSettingAsync(Next(), "published", null));
        Fails(MetadataError.NotFound, await Store.GetSettingAsync("published"));
    }

    [Fact]
    public async Task MakeDurable_CoversWhatWasApplied()
    {
        CommitSequence first = Ok(await Store.CreateAsync(Creation(InodeId.Root, "a"))).Sequence;
        CommitSequence second = Ok(await Store.CreateAsync(Creation(InodeId.Root, "b"))).Sequence;

        Assert.True(second > first);
        Assert.True(Store.Applied >= second);
        Assert.True(Ok(await Store.MakeDurableAsync(second)) >= second);
        Assert.True(Store.Durable >= second);
        Assert.True(Ok(await Store.MakeDurableAsync(first)) >= second);
        Assert.False(Store.Failure.IsCancellationRequested);
    }

    [Fact]
    public async Task MakeDurable_OfManyAtOnce_AnswersEachOfThem()
    {
        var waiting = new List<Task<CommitSequence>>();
        for (int i = 0; i < 50; i++)
        {
            CommitSequence sequence = Ok(await Store.CreateAsync(Creation(InodeId.Root, $"f{i}"))).Sequence;
            waiting.Add(Task.Run(async () =>
            {
                Assert.True(Ok(await Store.MakeDurableAsync(sequence)) >= sequence);
                return sequence;
            }));
        }

        CommitSequence[] sequences = await Task.WhenAll(waiting);
        Assert.True(Store.Durable >= sequences.Max());
    }

    [Fact]
    public async Task Changes_OfOneBatch_HoldEachRowOnceInItsLastState()
    {
        SegmentId segment = await AddSegmentAsync();
        Ok(await Store.MakeDurableAsync(Store.Applied));
        CommitSequence start = Store.Durable;
        InodeId kept = await CreateFileAsync("kept");
        await WriteAsync(kept, new Extent(0, 10, segment, 0));
        await WriteAsync(kept, new Extent(10, 10, segment, 10));
        InodeId gone = await CreateFileAsync("gone");
        await WriteAsync(gone, new Extent(0, 10, segment, 100));
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "gone")));
        Ok(await Store.MakeDurableAsync(Store.Applied));

        List<RowChange> changes = await ChangesAsync(start);

        InodeChange inode = Assert.Single(changes.OfType<InodeChange>(), change => change.Inode.Id == kept && change.Kind == ChangeKind.Upsert);
        Assert.Equal(await StatAsync(kept), inode.Inode);
        Assert.Equal(new Extent(0, 20, segment, 0), Assert.Single(changes.OfType<ExtentChange>(), change => change.Kind == ChangeKind.Upsert).Extent);
        Assert.Single(changes.OfType<InodeChange>(), change => change.Inode.Id == gone && change.Kind == ChangeKind.Tombstone);
        Assert.DoesNotContain(changes.OfType<ExtentChange>(), change => change.Inode == gone);
        EntryChange entry = Assert.Single(changes.OfType<EntryChange>(), change => change.Kind == ChangeKind.Upsert);
        Assert.Equal((kept, Tag(InodeId.Root, "kept")), (entry.Inode, entry.Name.Tag));
    }

    [Fact]
    public async Task ChangesSince_InOrder_RiseWithoutOverlap()
    {
        for (int i = 0; i < 5; i++)
        {
            await CreateFileAsync($"f{i}");
            Ok(await Store.MakeDurableAsync(Store.Applied));
        }

        var batches = new List<ChangeBatch>();
        await foreach (ChangeBatch batch in Store.ChangesSinceAsync(default))
        {
            batches.Add(batch);
        }

        Assert.True(batches.Count >= 5);
        for (int i = 0; i < batches.Count; i++)
        {
            Assert.True(batches[i].First <= batches[i].Last);
            Assert.True(i == 0 || batches[i].First > batches[i - 1].Last);
        }

        Assert.Equal(Store.Durable, batches[^1].Last);
        Ok(await Store.TrimChangesAsync(batches[2].Last));
        Ok(await Store.MakeDurableAsync(Store.Applied));
        await foreach (ChangeBatch batch in Store.ChangesSinceAsync(default))
        {
            Assert.True(batch.Last > batches[2].Last);
        }
    }

    [Fact]
    public async Task Dump_Loaded_GivesTheSameStore()
    {
        await PopulateAsync();
        await using IMetadataStore copy = await OpenAsync();

        await foreach (ChangeBatch batch in Store.DumpAsync())
        {
            Assert.Equal(batch.First, batch.Last);
            Ok(await copy.LoadAsync(batch));
        }

        await AssertSameAsync(copy);
        Assert.True(copy.Applied >= Store.Durable);
        InodeRange fresh = Ok(await copy.ReserveInodesAsync(Session.Id, 1));
        Assert.True(fresh.First.Value >= _range.First.Value + (ulong)_range.Count);
    }

    [Fact]
    public async Task Changes_LoadedBatchByBatch_GiveTheSameStore()
    {
        await PopulateAsync();
        Ok(await Store.MakeDurableAsync(Store.Applied));
        await using IMetadataStore copy = await OpenAsync();

        await foreach (ChangeBatch batch in Store.ChangesSinceAsync(default))
        {
            Ok(await copy.LoadAsync(batch));
        }

        await AssertSameAsync(copy);
    }

    [Fact]
    public async Task Load_TombstoneOfATarget_RemovesIt()
    {
        CreateRequest request = Creation(InodeId.Root, "s", ModeBits.SymbolicLink | 0x1FF) with { SealedTarget = new byte[] { 1, 2 }, Size = 2 };
        InodeId link = Ok(await Store.CreateAsync(request)).Value.Inode.Id;
        Ok(await Store.LoadAsync(ChangeCodec.Encode(Store.Applied, Store.Applied, [new SymlinkChange(ChangeKind.Tombstone, link, default, default)])));

        Fails(MetadataError.Conflict, await Store.ReadLinkAsync(link)); // As of any inode without a target.
    }

    [Fact]
    public async Task Load_OfACondemnedSegment_HasItCondemnedByWhatIsLoaded()
    {
        SegmentId condemned = await AddSegmentAsync(SegmentState.Live);
        SegmentId live = await AddSegmentAsync(SegmentState.Live);
        CommitSequence sequence = Ok(await Store.CondemnSegmentAsync(Next(), condemned, Now())).Sequence;
        await CreateFileAsync("later");
        Ok(await Store.MakeDurableAsync(Store.Applied));
        await using IMetadataStore copy = await OpenAsync();

        await foreach (ChangeBatch batch in Store.DumpAsync())
        {
            Ok(await copy.LoadAsync(batch));
        }

        CommitSequence loaded = Ok(await copy.GetSegmentAsync(condemned)).Condemned;
        Assert.True(loaded >= sequence && loaded <= copy.Applied);
        Assert.Equal(default, Ok(await copy.GetSegmentAsync(live)).Condemned);
    }

    [Fact]
    public async Task Load_Unreadable_Conflicts()
    {
        ChangeBatch batch = await FirstBatchAsync(Store.DumpAsync());

        Fails(MetadataError.Conflict, await Store.LoadAsync(batch with { Encoded = batch.Encoded[..^1] }));
        Fails(MetadataError.Conflict, await Store.LoadAsync(batch with { Encoded = new byte[40] }));
        Fails(MetadataError.Conflict, await Store.LoadAsync(default));
    }

    [Fact]
    public async Task Snapshot_KeepsTheSegmentsItShows()
    {
        SegmentId segment = await AddSegmentAsync(SegmentState.Live);
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, segment, 0));

        SnapshotRow first = Ok(await Store.CreateSnapshotAsync(Next(), new byte[] { 5 }, Now())).Value;
        SnapshotRow second = Ok(await Store.CreateSnapshotAsync(Next(), default, Now())).Value;
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a")));
        Ok(await Store.MakeDurableAsync(Store.Applied));

        Fails(MetadataError.Conflict, await Store.CondemnSegmentAsync(Next(), segment, Now()));
        Assert.Empty(Ok(await Store.ListUnreferencedSegmentsAsync(10)));
        Assert.Empty(Ok(await Store.GetSegmentUsesAsync(segment)));
        IReadOnlyList<SnapshotRow> snapshots = Ok(await Store.ListSnapshotsAsync());
        Assert.Equal([first.Id, second.Id], snapshots.Select(row => row.Id));
        Assert.Equal([5], snapshots[0].Label.ToArray());
        Assert.True(second.Id > first.Id);
    }

    private static async Task<ChangeBatch> FirstBatchAsync(IAsyncEnumerable<ChangeBatch> batches)
    {
        await foreach (ChangeBatch batch in batches)
        {
            return batch;
        }

        throw new InvalidOperationException("no batch");
    }

    private static async Task<List<string>> RowsAsync(IMetadataStore store)
    {
        var rows = new List<string>();
        await foreach (ChangeBatch batch in store.DumpAsync())
        {
            Assert.True(ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes));
            foreach (RowChange change in changes)
            {
                // How far inode numbers are set aside is an engine's own business.
                if (change is not CounterChange and not { Kind: ChangeKind.Past })
                {
                    rows.Add(Convert.ToHexString(ChangeCodec.Encode(default, default, [change]).Encoded.Span));
                }
            }
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private async Task<List<RowChange>> ChangesAsync(CommitSequence after)
    {
        var all = new List<RowChange>();
        await foreach (ChangeBatch batch in Store.ChangesSinceAsync(after))
        {
            Assert.True(ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes));
            all.AddRange(changes);
        }

        return all;
    }

    private async Task AssertSameAsync(IMetadataStore copy)
    {
        Assert.Equal(await RowsAsync(Store), await RowsAsync(copy));
        Assert.Equal(Store.Usage, copy.Usage);
        Assert.Equal(Ok(await Store.SumCopiesAsync()).Groups, Ok(await copy.SumCopiesAsync()).Groups);
    }

    // Rows of every table, changed and removed again, with a snapshot in between.
    private async Task PopulateAsync()
    {
        SegmentId segment = await AddSegmentAsync();
        SegmentId copied = await AddSegmentAsync(SegmentState.Live);
        Ok(await Store.SetCopiesAsync(Next(), copied, 0b1010, 0b1));
        InodeId directory = await CreateDirectoryAsync("d");
        CreateRequest link = Creation(directory, "s", ModeBits.SymbolicLink | 0x1FF) with { SealedTarget = new byte[] { 1 }, Size = 1 };
        Ok(await Store.CreateAsync(link));
        for (int i = 0; i < 30; i++)
        {
            InodeId file = await CreateFileAsync($"f{i}", directory);
            await WriteAsync(file, new Extent(0, 100, segment, i * 1000), new Extent(500, 100, segment, (i * 1000) + 500));
            Ok(await Store.SetXattrAsync(new SetXattrRequest { Operation = Next(), Inode = file, Xattr = Xattr(file, "x", $"{i}"), Now = Now() }));
            if (i == 15)
            {
                Ok(await Store.CreateSnapshotAsync(Next(), new byte[] { 9 }, Now()));
            }

            if (i % 7 == 6)
            {
                Ok(await Store.MakeDurableAsync(Store.Applied));
            }
        }

        for (int i = 0; i < 30; i += 3)
        {
            Ok(await Store.UnlinkAsync(Removal(directory, $"f{i}", keep: i % 2 == 0)));
            InodeId changed = Ok(await FindAsync(directory, $"f{i + 1}")).Inode.Id;
            Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = changed, Mask = AttributeMask.Size, Size = 50, Now = Now() }));
            Ok(await Store.RemoveXattrAsync(new RemoveXattrRequest { Inode = changed, Name = Xattr(changed, "x", "").Tag, Now = Now() }));
            Ok(await Store.RenameAsync(Renaming(directory, $"f{i + 2}", InodeId.Root, $"moved{i}")));
        }

        Ok(await Store.SetSettingAsync(Next(), "k", new byte[] { 1, 2, 3 }));
        Ok(await Store.CloseSessionAsync(Session.Id, Now()));
    }
}
