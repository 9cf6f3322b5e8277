using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>What of segments is needed, and how files are scattered.</content>
public abstract partial class MetadataStoreConformance
{
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

    private async Task<long> ReferredAsync(SegmentId segment) =>
        Ok(await Store.ListSegmentUsagesAsync(null, 10)).Single(usage => usage.Row.Id == segment).ReferredBytes;
}
