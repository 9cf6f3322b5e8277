using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Testing.Metadata;

/// <content>What of segments is needed.</content>
public sealed partial class MemoryMetadataStore
{
    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentUsage>>> ListSegmentUsagesAsync(
        SegmentId? after, int limit, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<SegmentUsage>> () => _tables.Segments.Rows
            .Select(row => row.Value)
            .Where(row => row.State == SegmentState.Live && (after is null || row.Id.Value > after.Value.Value))
            .Take(limit)
            .Select(UsageOf)
            .ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<FragmentedRange>>> ListFragmentedAsync(
        InodeId after, long window, int extents, int limit, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<FragmentedRange>> () => _tables.Extents.Rows
            .Where(row => row.Key.Inode > after)
            .GroupBy(row => (row.Key.Inode, Start: row.Key.Offset / window * window))
            .Where(group => group.Count() > extents)
            .Select(group => new FragmentedRange(group.Key.Inode, group.Key.Start, group.Count()))
            .OrderBy(range => range.Inode)
            .ThenBy(range => range.Offset)
            .Take(limit)
            .ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<MisplacedFile>>> ListMisplacedAsync(
        InodeId after, int limit, IReadOnlyDictionary<(uint File, uint Segment), long> heads, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<MisplacedFile>> () => AllExtents()
            .Where(row => row.Inode > after && _tables.Inodes.Find(row.Inode) is not null)
            .Select(row => (row.Inode, row.IsPast, row.Extent.Segment, row.Extent, File: _tables.Inodes.Find(row.Inode)!.Value.Value.Placement, There: _tables.Segments.Find(row.Extent.Segment.Value)!.Value.Placement))
            .Where(row => row.File != row.There && row.Extent.End > heads.GetValueOrDefault((row.File, row.There)))
            .Select(row => (row.Inode, row.IsPast, row.Segment, row.File, row.There, Length: row.Extent.End - Math.Max(row.Extent.FileOffset, heads.GetValueOrDefault((row.File, row.There)))))
            .GroupBy(row => (row.Inode, row.File))
            .OrderBy(file => file.Key.Inode)
            .Take(limit)
            .Select(file => new MisplacedFile(
                file.Key.Inode,
                file.Key.File,
                (_tables.Inodes.Find(file.Key.Inode)!.Value.Value.Flags & InodeFlags.KeepsTier) != 0,
                file.GroupBy(row => row.There)
                    .OrderBy(rows => rows.Key)
                    .Select(rows => new PlacedElsewhere(
                        rows.Key,
                        rows.Where(row => !row.IsPast).Sum(row => row.Length),
                        rows.Where(row => row.IsPast).Sum(row => row.Length),
                        rows.Select(row => row.Segment).Distinct().ToList()))
                    .ToList()))
            .ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<InodeAttributes>>> ListAgedAsync(
        uint placement, Timestamp writtenBefore, long leastBytes, InodeId after, int limit, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<InodeAttributes>> () => _tables.Inodes.Rows
            .Select(row => row.Value.Value)
            .Where(inode => inode.IsFile && inode.Id > after && inode.Placement == placement && inode.Size >= leastBytes)
            .Where(inode => inode.ModifyTime < writtenBefore && inode.BirthTime < writtenBefore)
            .OrderBy(inode => inode.Id)
            .Take(limit)
            .ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyDictionary<uint, long>>> SumRemovedAsync(CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyDictionary<uint, long>> () => AllExtents()
            .Where(row => row.IsPast && _tables.Inodes.Find(row.Inode) is null)
            .GroupBy(row => _tables.Segments.Find(row.Extent.Segment.Value)!.Value.Placement)
            .ToDictionary(sum => sum.Key, sum => sum.Sum(row => row.Extent.Length)));

    private IEnumerable<(InodeId Inode, Extent Extent, bool IsPast)> AllExtents() => _tables.Extents.Rows
        .Select(row => (row.Key.Inode, row.Value.Value, false))
        .Concat(_tables.Extents.Past.Select(row => (row.Key.Inode, row.Row.Value, true)));

    private SegmentUsage UsageOf(SegmentRow row)
    {
        long referred = 0;
        long end = 0;
        foreach (MemoryRow<Extent> use in _tables.Extents.Rows
            .Select(extent => extent.Value)
            .Concat(_tables.Extents.Past.Select(extent => extent.Row))
            .Where(extent => extent.Value.Segment == row.Id)
            .OrderBy(extent => extent.Value.PlaintextOffset))
        {
            long useEnd = use.Value.PlaintextOffset + use.Value.Length;
            referred += Math.Max(0, useEnd - Math.Max(end, use.Value.PlaintextOffset));
            end = Math.Max(end, useEnd);
        }

        return new SegmentUsage(row, referred);
    }
}
