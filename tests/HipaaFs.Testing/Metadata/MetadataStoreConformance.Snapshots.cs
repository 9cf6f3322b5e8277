using HipaaFs.Metadata.Changes;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>Reading snapshots, deleting and comparing them.</content>
public abstract partial class MetadataStoreConformance
{
    [Fact]
    public async Task OpenSnapshot_AfterEveryKindOfChange_ShowsWhatWasThere()
    {
        var taken = new List<(SnapshotId Id, List<string> Tree)>();
        await BuildAsync(async () => taken.Add((await TakeAsync(), await WalkAsync(Store))));

        Assert.True(taken.Count > 3);
        foreach ((SnapshotId id, List<string> tree) in taken)
        {
            Assert.Equal(tree, await WalkAsync(Store.OpenSnapshot(id)));
        }

        Assert.Equal(taken.Count, taken.Select(snapshot => string.Join('\n', snapshot.Tree)).Distinct().Count());
    }

    [Fact]
    public async Task OpenSnapshot_Missing_IsGone()
    {
        IMetadataView view = Store.OpenSnapshot(new SnapshotId(77));

        Fails(MetadataError.SnapshotGone, await view.GetInodeAsync(InodeId.Root));
        Fails(MetadataError.SnapshotGone, await view.ReadDirectoryFromAsync(InodeId.Root, 0, new DirectoryEntry[1]));
        Fails(MetadataError.NotFound, await Store.DeleteSnapshotAsync(Next(), new SnapshotId(77)));
    }

    [Fact]
    public async Task OpenSnapshot_ReadsErrorsAsTheLiveViewDoes()
    {
        InodeId file = await CreateFileAsync("f");
        SnapshotId snapshot = await TakeAsync();
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "f")));
        InodeId later = await CreateFileAsync("later");
        IMetadataView view = Store.OpenSnapshot(snapshot);

        Fails(MetadataError.NotFound, await view.GetInodeAsync(later));
        Fails(MetadataError.NotFound, await view.LookupAsync(InodeId.Root, Tag(InodeId.Root, "later")));
        Fails(MetadataError.NotADirectory, await view.LookupAsync(file, Tag(file, "x")));
        Fails(MetadataError.NotADirectory, await view.ReadDirectoryFromAsync(file, 0, new DirectoryEntry[1]));
        Fails(MetadataError.Conflict, await view.ReadLinkAsync(file));
        Fails(MetadataError.NoAttribute, await view.GetXattrAsync(file, Xattr(file, "x", "").Tag));
        Fails(MetadataError.NotFound, await view.ListXattrsAsync(later));
        Fails(MetadataError.NotFound, await view.GetExtentsAsync(later, 0, 10, 10));
        Assert.Equal(InodeId.Root, Ok(await view.FindEntryAsync(file)).Parent);
        Fails(MetadataError.NotFound, await Store.FindEntryAsync(file));
    }

    [Fact]
    public async Task ReadExtents_OfASnapshot_AnyRangeAndLimit_AreThoseOfThen()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("f");
        await WriteAsync(file, Enumerable.Range(0, 40).Select(i => new Extent(i * 100, 60, segment, i * 1000)).ToArray());
        var expected = new List<(long Start, long Length, int Limit, ExtentPage Page)>();
        foreach (long start in new long[] { 0, 1, 59, 60, 100, 1_950, 3_960, 10_000 })
        {
            foreach (int limit in new[] { 1, 2, 7, 100 })
            {
                expected.Add((start, 1_000, limit, Ok(await Store.GetExtentsAsync(file, start, 1_000, limit))));
            }
        }

        SnapshotId snapshot = await TakeAsync();
        await WriteAsync(file, new Extent(30, 2_000, segment, 90_000));
        Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = file, Mask = AttributeMask.Size, Size = 1_500, Now = Now() }));
        IMetadataView view = Store.OpenSnapshot(snapshot);

        foreach ((long start, long length, int limit, ExtentPage page) in expected)
        {
            ExtentPage shown = Ok(await view.GetExtentsAsync(file, start, length, limit));
            Assert.Equal(page.Extents, shown.Extents);
            Assert.Equal(page.More, shown.More);
        }
    }

    [Theory]
    [InlineData("0123")]
    [InlineData("3210")]
    [InlineData("1302")]
    public async Task DeleteSnapshot_InAnyOrder_LeavesTheOthersAsTheyWere(string order)
    {
        var taken = new List<(SnapshotId Id, List<string> Tree)>();
        await BuildAsync(async () => taken.Add((await TakeAsync(), await WalkAsync(Store))));
        List<string> live = await WalkAsync(Store);

        foreach (char index in order)
        {
            SnapshotId gone = taken[index - '0'].Id;
            Ok(await Store.DeleteSnapshotAsync(Next(), gone));
            Fails(MetadataError.SnapshotGone, await Store.OpenSnapshot(gone).GetInodeAsync(InodeId.Root));
            Ok(await Store.PurgeSnapshotsAsync());
            IReadOnlyList<SnapshotRow> left = Ok(await Store.ListSnapshotsAsync());
            Assert.DoesNotContain(gone, left.Select(row => row.Id));
            foreach ((SnapshotId id, List<string> tree) in taken.Where(snapshot => left.Any(row => row.Id == snapshot.Id)))
            {
                Assert.Equal(tree, await WalkAsync(Store.OpenSnapshot(id)));
            }

            Assert.Equal(live, await WalkAsync(Store));
        }
    }

    [Fact]
    public async Task DeleteSnapshot_Last_FreesTheSegmentsItKept()
    {
        SegmentId segment = await AddSegmentAsync(SegmentState.Live);
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, segment, 0));
        SnapshotId first = await TakeAsync();
        SnapshotId second = await TakeAsync();
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a")));

        Ok(await Store.DeleteSnapshotAsync(Next(), first));
        Ok(await Store.PurgeSnapshotsAsync());
        Fails(MetadataError.Conflict, await Store.CondemnSegmentAsync(Next(), segment, Now()));
        Ok(await Store.DeleteSnapshotAsync(Next(), second));
        Ok(await Store.PurgeSnapshotsAsync());

        Ok(await Store.CondemnSegmentAsync(Next(), segment, Now()));
    }

    [Fact]
    public async Task Delete_WithoutASnapshotThatShowsIt_KeepsNothing()
    {
        SegmentId segment = await AddSegmentAsync(SegmentState.Live);
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, segment, 0));
        Ok(await Store.DeleteSnapshotAsync(Next(), await TakeAsync()));
        Ok(await Store.PurgeSnapshotsAsync());

        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a")));

        Ok(await Store.CondemnSegmentAsync(Next(), segment, Now()));
    }

    [Fact]
    public async Task CreateSnapshot_AfterTheNewestWasDeleted_GetsANewNumber()
    {
        SnapshotId first = await TakeAsync();
        await CreateFileAsync("a");
        Ok(await Store.DeleteSnapshotAsync(Next(), first));
        List<string> tree = await WalkAsync(Store);

        SnapshotId second = await TakeAsync();
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a")));

        Assert.True(second > first);
        Assert.Equal(tree, await WalkAsync(Store.OpenSnapshot(second)));
    }

    [Fact]
    public async Task Load_PastRowsThatNoSnapshotShows_RemovesThem()
    {
        Ok(await Store.CreateAsync(Creation(InodeId.Root, "s", ModeBits.SymbolicLink | 0x1FF) with { SealedTarget = new byte[] { 1, 2 }, Size = 2 }));
        SnapshotId taken = await TakeAsync();
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "s")));
        Ok(await Store.MakeDurableAsync(Store.Applied));
        EntryChange past = Assert.Single(await PastEntriesAsync());
        Assert.NotEqual(await WalkAsync(Store), await WalkAsync(Store.OpenSnapshot(taken)));

        EntryChange gone = past with { Lifetime = new Lifetime(past.Lifetime.Born, past.Lifetime.Born) };
        Ok(await Store.LoadAsync(ChangeCodec.Encode(Store.Applied, Store.Applied, [gone])));

        Assert.Empty(await PastEntriesAsync());
    }

    [Fact]
    public async Task Load_OfADumpOrOfChanges_CarriesEverySnapshot()
    {
        await using IMetadataStore dumped = await OpenAsync();
        await using IMetadataStore followed = await OpenAsync();
        var taken = new List<(SnapshotId Id, List<string> Tree)>();
        await BuildAsync(async () => taken.Add((await TakeAsync(), await WalkAsync(Store))));
        Ok(await Store.DeleteSnapshotAsync(Next(), taken[1].Id));
        Ok(await Store.DeleteSnapshotAsync(Next(), taken[^1].Id));
        Ok(await Store.MakeDurableAsync(Store.Applied));
        await foreach (ChangeBatch batch in Store.DumpAsync())
        {
            Ok(await dumped.LoadAsync(batch));
        }

        await foreach (ChangeBatch batch in Store.ChangesSinceAsync(default))
        {
            Ok(await followed.LoadAsync(batch));
        }

        foreach (IMetadataStore copy in new[] { dumped, followed })
        {
            Ok(await copy.PurgeSnapshotsAsync());
            IReadOnlyList<SnapshotRow> left = Ok(await copy.ListSnapshotsAsync());
            Assert.Equal(taken.Count - 2, left.Count);
            foreach ((SnapshotId id, List<string> tree) in taken.Where(snapshot => left.Any(row => row.Id == snapshot.Id)))
            {
                Assert.Equal(tree, await WalkAsync(copy.OpenSnapshot(id)));
            }

            SnapshotId next = Ok(await copy.CreateSnapshotAsync(default, default, Now())).Value.Id;
            Assert.True(next > taken[^1].Id);
            Assert.Equal(await WalkAsync(Store), await WalkAsync(copy.OpenSnapshot(next)));
        }
    }

    [Fact]
    public async Task Compare_TwoSnapshotsOrTheLiveState_NamesWhatDiffers()
    {
        var taken = new List<SnapshotId>();
        await BuildAsync(async () => taken.Add(await TakeAsync()));

        for (int i = 0; i < taken.Count; i++)
        {
            for (int j = i; j <= taken.Count; j++)
            {
                SnapshotId? to = j == taken.Count ? null : taken[j];
                IMetadataView after = to is { } snapshot ? Store.OpenSnapshot(snapshot) : Store;
                Dictionary<InodeId, InodeAttributes> old = await InodesAsync(Store.OpenSnapshot(taken[i]));
                Dictionary<InodeId, InodeAttributes> now = await InodesAsync(after);
                List<InodeId> expected = old.Keys.Union(now.Keys)
                    .Where(inode => old.GetValueOrDefault(inode) != now.GetValueOrDefault(inode)).Order().ToList();
                var found = new List<InodeDifference>();
                await foreach (InodeDifference difference in Store.CompareAsync(taken[i], to))
                {
                    found.Add(difference);
                }

                Assert.Equal(expected, found.Select(difference => difference.Inode).Order());
                Assert.All(found, difference => Assert.Equal(old.ContainsKey(difference.Inode), difference.Before is not null));
                Assert.All(found, difference => Assert.Equal(now.ContainsKey(difference.Inode), difference.After is not null));
            }
        }
    }

    [Fact]
    public async Task Compare_RenamedFile_SaysSo()
    {
        InodeId file = await CreateFileAsync("a");
        SnapshotId snapshot = await TakeAsync();
        Ok(await Store.RenameAsync(Renaming(InodeId.Root, "a", InodeId.Root, "b")));
        var found = new List<InodeDifference>();

        await foreach (InodeDifference difference in Store.CompareAsync(snapshot, null))
        {
            found.Add(difference);
        }

        Assert.Equal([file], found.Where(difference => difference.IsRenamed).Select(difference => difference.Inode));
        Assert.Equal([InodeId.Root, file], found.Select(difference => difference.Inode).Order());
    }

    [Fact]
    public async Task Compare_MissingSnapshot_Throws() =>
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            await foreach (InodeDifference difference in Store.CompareAsync(new SnapshotId(5), null))
            {
                Assert.Fail($"{difference}");
            }
        });

    private async Task<SnapshotId> TakeAsync() => Ok(await Store.CreateSnapshotAsync(Next(), default, Now())).Value.Id;

    // Four rounds of changes of every kind, with a snapshot after each.
    private async Task BuildAsync(Func<Task> afterRound)
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId directory = await CreateDirectoryAsync("d");
        for (int round = 0; round < 4; round++)
        {
            InodeId sub = await CreateDirectoryAsync($"sub{round}", directory);
            CreateRequest link = Creation(sub, "s", ModeBits.SymbolicLink | 0x1FF) with { SealedTarget = new[] { (byte)round }, Size = 1 };
            Ok(await Store.CreateAsync(link));
            for (int i = 0; i < 6; i++)
            {
                InodeId file = await CreateFileAsync($"f{round}.{i}", directory);
                await WriteAsync(file, new Extent(0, 100, segment, (round * 10_000) + (i * 1_000)), new Extent(500, 100, segment, 5_000_000 + i));
                Ok(await Store.SetXattrAsync(new SetXattrRequest { Inode = file, Xattr = Xattr(file, "x", $"{i}"), Now = Now() }));
            }

            if (round > 0)
            {
                await ChangeAsync(directory, round - 1, segment);
            }

            await afterRound();
            Ok(await Store.LinkAsync(Linking(Ok(await FindAsync(directory, $"f{round}.5")).Inode.Id, sub, "second")));
        }
    }

    private async Task ChangeAsync(InodeId directory, int round, SegmentId segment)
    {
        InodeId sub = Ok(await FindAsync(directory, $"sub{round}")).Inode.Id;
        InodeId written = Ok(await FindAsync(directory, $"f{round}.0")).Inode.Id;
        await WriteAsync(written, new Extent(50, 500, segment, 7_000_000 + round));
        InodeId cut = Ok(await FindAsync(directory, $"f{round}.1")).Inode.Id;
        Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = cut, Mask = AttributeMask.Size, Size = 50, Now = Now() }));
        Ok(await Store.RemoveXattrAsync(new RemoveXattrRequest { Inode = cut, Name = Xattr(cut, "x", "").Tag, Now = Now() }));
        Ok(await Store.SetXattrAsync(new SetXattrRequest { Inode = written, Xattr = Xattr(written, "x", $"again{round}"), Now = Now() }));
        Ok(await Store.UnlinkAsync(Removal(directory, $"f{round}.2")));
        Ok(await Store.RenameAsync(Renaming(directory, $"f{round}.3", sub, "moved")));
        Ok(await Store.RenameAsync(Renaming(directory, $"f{round}.4", directory, $"f{round}.5")));
        Ok(await Store.UnlinkAsync(Removal(sub, "s")));
    }

    private static async Task<Dictionary<InodeId, InodeAttributes>> InodesAsync(IMetadataView view)
    {
        var inodes = new Dictionary<InodeId, InodeAttributes> { [InodeId.Root] = Ok(await view.GetInodeAsync(InodeId.Root)) };
        var directories = new Queue<InodeId>([InodeId.Root]);
        var buffer = new DirectoryEntry[64];
        while (directories.TryDequeue(out InodeId directory))
        {
            int count = Ok(await view.ReadDirectoryFromAsync(directory, 0, buffer));
            Assert.True(count < buffer.Length);
            foreach (DirectoryEntry entry in buffer[..count])
            {
                inodes[entry.Inode.Id] = entry.Inode;
                if (entry.Inode.IsDirectory)
                {
                    directories.Enqueue(entry.Inode.Id);
                }
            }
        }

        return inodes;
    }

    // Everything a view shows, by every way to read it.
    private static async Task<List<string>> WalkAsync(IMetadataView view)
    {
        var lines = new List<string>();
        var directories = new Queue<InodeId>([InodeId.Root]);
        var buffer = new DirectoryEntry[3];
        while (directories.TryDequeue(out InodeId directory))
        {
            lines.Add($"{Ok(await view.GetInodeAsync(directory))}");
            NameTag? after = null;
            int count;
            do
            {
                count = Ok(await view.ReadDirectoryAsync(directory, after, buffer));
                foreach (DirectoryEntry entry in buffer[..count])
                {
                    after = entry.Name.Tag;
                    lines.Add($"{directory} {entry.Name.Tag} {Convert.ToHexString(entry.Name.Sealed.Span)} {entry.Inode}");
                    Assert.Equal(entry.Inode, Ok(await view.LookupAsync(directory, entry.Name.Tag)).Inode);
                    Assert.Equal(entry.Inode, Ok(await view.GetInodeAsync(entry.Inode.Id)));
                    Assert.Equal(entry.Inode, Ok(await view.FindEntryAsync(entry.Inode.Id)).Inode);
                    await DescribeAsync(view, entry.Inode, lines);
                    if (entry.Inode.IsDirectory)
                    {
                        directories.Enqueue(entry.Inode.Id);
                    }
                }
            }
            while (count == buffer.Length);
        }

        return lines;
    }

    private static async Task DescribeAsync(IMetadataView view, InodeAttributes inode, List<string> lines)
    {
        if (inode.Kind == InodeKind.SymbolicLink)
        {
            lines.Add($"target {Convert.ToHexString(Ok(await view.ReadLinkAsync(inode.Id)).Span)}");
        }

        foreach (SealedXattr xattr in Ok(await view.ListXattrsAsync(inode.Id)))
        {
            SealedXattr found = Ok(await view.GetXattrAsync(inode.Id, xattr.Tag));
            Assert.Equal(Convert.ToHexString(xattr.SealedValue.Span), Convert.ToHexString(found.SealedValue.Span));
            lines.Add($"xattr {xattr.Tag} {Convert.ToHexString(xattr.SealedName.Span)} {Convert.ToHexString(xattr.SealedValue.Span)}");
        }

        if (inode.IsFile)
        {
            lines.AddRange(Ok(await view.GetExtentsAsync(inode.Id, 0, long.MaxValue, 1_000)).Extents.Select(extent => $"{extent}"));
        }
    }

    private async Task<List<EntryChange>> PastEntriesAsync()
    {
        var past = new List<EntryChange>();
        await foreach (ChangeBatch batch in Store.DumpAsync())
        {
            Assert.True(ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? rows));
            past.AddRange(rows.OfType<EntryChange>().Where(static row => row.Kind == ChangeKind.Past));
        }

        return past;
    }
}
