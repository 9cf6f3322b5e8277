using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>What of segments is needed, and how files are scattered.</content>
public abstract partial class MetadataStoreConformance
{
    private static readonly Dictionary<(uint File, uint Segment), long> NoHeads = [];

    [Fact]
    public async Task ListSegmentUsages_SharedOverlappingAndUnusedBytes_CountsEachByteOnce()
    {
        SegmentId shared = await AddSegmentAsync(SegmentState.Live);
        SegmentId unused = await AddSegmentAsync(SegmentState.Live);
        await AddSegmentAsync(SegmentState.Staged);
        InodeId one = await CreateFileAsync("a");
        InodeId other = await CreateFileAsync("b");
        await WriteAsync(one, new Extent(0, 10, shared, 0), new Extent(100, 10, shared, 50));
        await WriteAsync(other, new Extent(0, 10, shared, 5), new Extent(50, 3, shared, 52));
        Ok(await Store.MakeDurableAsync(Store.Applied));

        IReadOnlyList<SegmentUsage> usages = Ok(await Store.ListSegmentUsagesAsync(null, 10));
        SegmentId[] ids = shared.Value < unused.Value ? [shared, unused] : [unused, shared];
        Assert.Equal(ids, usages.Select(usage => usage.Row.Id));
        Assert.Equal(25, usages.Single(usage => usage.Row.Id == shared).ReferredBytes);
        Assert.Equal(0, usages.Single(usage => usage.Row.Id == unused).ReferredBytes);
        Assert.Equal([ids[1]], Ok(await Store.ListSegmentUsagesAsync(ids[0], 10)).Select(usage => usage.Row.Id));
        Assert.Equal([ids[0]], Ok(await Store.ListSegmentUsagesAsync(null, 1)).Select(usage => usage.Row.Id));
    }

    [Fact]
    public async Task ListSegmentUsages_BytesThatOnlyASnapshotShows_AreCounted()
    {
        SegmentId segment = await AddSegmentAsync(SegmentState.Live);
        SegmentId later = await AddSegmentAsync(SegmentState.Live);
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 30, segment, 0));
        SnapshotId snapshot = await TakeAsync();
        await WriteAsync(file, new Extent(5, 10, later, 0));
        Ok(await Store.MakeDurableAsync(Store.Applied));

        Assert.Equal(30, await ReferredAsync(segment));
        Assert.Equal([new SegmentUse(file, new Extent(0, 30, segment, 0))], Ok(await Store.GetSegmentPastUsesAsync(segment)));
        Assert.Empty(Ok(await Store.GetSegmentPastUsesAsync(later)));

        Ok(await Store.DeleteSnapshotAsync(Next(), snapshot));
        Ok(await Store.PurgeSnapshotsAsync());

        Assert.Equal(20, await ReferredAsync(segment));
        Assert.Empty(Ok(await Store.GetSegmentPastUsesAsync(segment)));
    }

    [Fact]
    public async Task ListFragmented_AnswersTheStretchesWithMoreExtents()
    {
        SegmentId segment = await AddSegmentAsync(SegmentState.Live);
        InodeId whole = await CreateFileAsync("a");
        InodeId scattered = await CreateFileAsync("b");
        await WriteAsync(whole, new Extent(0, 1000, segment, 0));
        await WriteAsync(
            scattered,
            new Extent(0, 10, segment, 500),
            new Extent(100, 10, segment, 400),
            new Extent(110, 10, segment, 300),
            new Extent(199, 10, segment, 200),
            new Extent(300, 10, segment, 100),
            new Extent(310, 10, segment, 0));
        Ok(await Store.MakeDurableAsync(Store.Applied));

        FragmentedRange[] both = [new(scattered, 100, 3), new(scattered, 300, 2)];
        Assert.Equal(both, Ok(await Store.ListFragmentedAsync(default, 100, 1, 10)));
        Assert.Equal(both[..1], Ok(await Store.ListFragmentedAsync(default, 100, 1, 1)));
        Assert.Equal(both[..1], Ok(await Store.ListFragmentedAsync(default, 100, 2, 10)));
        Assert.Empty(Ok(await Store.ListFragmentedAsync(scattered, 100, 1, 10)));
    }

    [Fact]
    public async Task ListMisplaced_FilesOfOtherPlacementsThanTheirData_AreListedWithWhatSnapshotsShow()
    {
        SegmentId first = SegmentId.NewRandom();
        SegmentId second = SegmentId.NewRandom();
        SegmentId third = SegmentId.NewRandom();
        Ok(await Store.AddSegmentAsync(Next(), NewSegment(SegmentState.Live) with { Id = first, Placement = 0 }));
        Ok(await Store.AddSegmentAsync(Next(), NewSegment(SegmentState.Live) with { Id = second, Placement = 3 }));
        Ok(await Store.AddSegmentAsync(Next(), NewSegment(SegmentState.Live) with { Id = third, Placement = 2 }));
        InodeId right = await CreateFileAsync("a");
        InodeId one = await CreateFileAsync("b");
        InodeId other = await CreateFileAsync("c");
        InodeId removed = await CreateFileAsync("d");
        await WriteAsync(right, new Extent(0, 10, first, 0));
        await WriteAsync(one, new Extent(0, 10, first, 0), new Extent(50, 7, second, 0), new Extent(90, 5, first, 20), new Extent(200, 8, third, 0));
        await WriteAsync(other, new Extent(0, 4, second, 100));
        await WriteAsync(removed, new Extent(0, 6, second, 200));
        await TakeAsync();
        await WriteAsync(other, new Extent(0, 4, first, 100));
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "d")));
        Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = one, Mask = AttributeMask.Placement, Placement = 3, SetFlags = InodeFlags.KeepsTier, Now = Now() }));
        Ok(await Store.MakeDurableAsync(Store.Applied));

        IReadOnlyList<MisplacedFile> files = Ok(await Store.ListMisplacedAsync(default, 10, NoHeads));
        Assert.Equal([(one, 3u, true), (other, 0u, false)], files.Select(file => (file.Inode, file.Placement, file.KeepsTier)));
        Assert.Equal([(0u, 15L, 0L), (2u, 8L, 0L)], files[0].Elsewhere.Select(there => (there.Placement, there.Bytes, there.PastBytes)));
        Assert.Equal([(3u, 0L, 4L)], files[1].Elsewhere.Select(there => (there.Placement, there.Bytes, there.PastBytes)));
        Assert.Equal([[first], [third]], files[0].Elsewhere.Select(there => there.Segments));
        Assert.Equal([second], files[1].Elsewhere.Single().Segments);
        Assert.Equal([one], Ok(await Store.ListMisplacedAsync(default, 1, NoHeads)).Select(file => file.Inode));
        Assert.Equal([other], Ok(await Store.ListMisplacedAsync(one, 1, NoHeads)).Select(file => file.Inode));
        Assert.Empty(Ok(await Store.ListMisplacedAsync(other, 1, NoHeads)));
        Assert.Equal([new KeyValuePair<uint, long>(3, 6)], Ok(await Store.SumRemovedAsync()));
    }

    [Fact]
    public async Task ListMisplaced_BeginningsThatMayBeElsewhere_AreNotListed()
    {
        SegmentId hot = SegmentId.NewRandom();
        SegmentId other = SegmentId.NewRandom();
        Ok(await Store.AddSegmentAsync(Next(), NewSegment(SegmentState.Live) with { Id = hot, Placement = 1 }));
        Ok(await Store.AddSegmentAsync(Next(), NewSegment(SegmentState.Live) with { Id = other, Placement = 2 }));
        InodeId small = await CreateFileAsync("a");
        InodeId large = await CreateFileAsync("b");
        InodeId elsewhere = await CreateFileAsync("c");
        await WriteAsync(small, new Extent(0, 100, hot, 0));
        await WriteAsync(large, new Extent(0, 60, hot, 100), new Extent(60, 100, hot, 300));
        await WriteAsync(elsewhere, new Extent(0, 10, other, 0));
        await TakeAsync();
        await WriteAsync(large, new Extent(90, 20, hot, 500));
        foreach (InodeId inode in (InodeId[])[small, large, elsewhere])
        {
            Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = inode, Mask = AttributeMask.Placement, Placement = 3, Now = Now() }));
        }

        Ok(await Store.MakeDurableAsync(Store.Applied));

        var heads = new Dictionary<(uint File, uint Segment), long> { [(3, 1)] = 100 };
        IReadOnlyList<MisplacedFile> files = Ok(await Store.ListMisplacedAsync(default, 2, heads));
        Assert.Equal([large, elsewhere], files.Select(static file => file.Inode));
        PlacedElsewhere there = Assert.Single(files[0].Elsewhere);
        Assert.Equal((1u, 60L, 60L), (there.Placement, there.Bytes, there.PastBytes)); // Bytes 100 to 160, now and of the former row that the snapshot shows.
        Assert.Equal([hot], there.Segments);
        Assert.Equal((2u, 10L), (files[1].Elsewhere.Single().Placement, files[1].Elsewhere.Single().Bytes));
    }

    [Fact]
    public async Task ListAged_FilesOfAPlacement_AreThoseMadeAndWrittenBeforeATime()
    {
        var early = new Timestamp(1_000);
        var late = new Timestamp(5_000);
        InodeId old = await AgedAsync("a", 3, 100, early, early);
        await AgedAsync("b", 2, 100, early, early);
        await AgedAsync("c", 3, 99, early, early);
        await AgedAsync("d", 3, 100, late, early);
        await AgedAsync("e", 3, 100, early, late);
        InodeId second = await AgedAsync("f", 3, 200, early, early);
        InodeId directory = Ok(await Store.CreateAsync(Creation(InodeId.Root, "g", DirectoryMode))).Value.Inode.Id;
        Ok(await Store.SetAttributesAsync(Aged(directory, 3, 0, early, early) with { Mask = AttributeMask.Placement | AttributeMask.ModifyTime | AttributeMask.BirthTime }));
        Ok(await Store.MakeDurableAsync(Store.Applied));

        Assert.Equal([old, second], Ok(await Store.ListAgedAsync(3, late, 100, default, 10)).Select(file => file.Id));
        Assert.Equal([old], Ok(await Store.ListAgedAsync(3, late, 100, default, 1)).Select(file => file.Id));
        InodeAttributes last = Ok(await Store.ListAgedAsync(3, late, 100, old, 10)).Single();
        Assert.Equal((second, 200L, early, 3u), (last.Id, last.Size, last.ModifyTime, last.Placement));
        Assert.Empty(Ok(await Store.ListAgedAsync(3, early, 0, default, 10)));
    }

    private async Task<InodeId> AgedAsync(string name, uint placement, long size, Timestamp modified, Timestamp made)
    {
        InodeId file = await CreateFileAsync(name);
        Ok(await Store.SetAttributesAsync(Aged(file, placement, size, modified, made)));
        return file;
    }

    private static SetAttributesRequest Aged(InodeId inode, uint placement, long size, Timestamp modified, Timestamp made) => new()
    {
        Inode = inode,
        Mask = AttributeMask.Placement | AttributeMask.Size | AttributeMask.ModifyTime | AttributeMask.BirthTime,
        Placement = placement,
        Size = size,
        ModifyTime = modified,
        BirthTime = made,
        Now = modified,
    };

    private async Task<long> ReferredAsync(SegmentId segment) =>
        Ok(await Store.ListSegmentUsagesAsync(null, 10)).Single(usage => usage.Row.Id == segment).ReferredBytes;
}
