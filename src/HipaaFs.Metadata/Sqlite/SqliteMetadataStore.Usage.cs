using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite;

/// <content>What segments hold that is needed, and how files are scattered, read from the newest commit beside the writer.</content>
public sealed partial class SqliteMetadataStore
{
    /// <summary>What files of inodes after one refer to in segments of other placements. A CROSS JOIN is done in the order in which it is written.</summary>
    internal const string Misplaced = """
        SELECT e.inode AS inode, i.placement, e.segment, e.length, 0, s.placement, e.offset, i.flags FROM extent e CROSS JOIN inode i CROSS JOIN segment s
        WHERE e.inode > ?1 AND i.id = e.inode AND s.id = e.segment AND s.placement <> i.placement
        UNION ALL
        SELECT e.inode AS inode, i.placement, e.segment, e.length, 1, s.placement, e.offset, i.flags FROM extent_past e CROSS JOIN inode i CROSS JOIN segment s
        WHERE e.inode > ?1 AND i.id = e.inode AND s.id = e.segment AND s.placement <> i.placement
        ORDER BY inode
        """;

    private const string Aged = """
        SELECT id, born, version, mode, uid, gid, links, device, domain, placement, flags, size, allocated, accessed, modified, changed, created FROM inode
        WHERE id > ?1 AND placement = ?2 AND size >= ?3 AND modified < ?4 AND created < ?4 AND (mode & ?6) = ?7
        ORDER BY id LIMIT ?5
        """;

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentUsage>>> ListSegmentUsagesAsync(
        SegmentId? after, int limit, CancellationToken cancel = default)
    {
        try
        {
            return new MetadataResult<IReadOnlyList<SegmentUsage>>(await Task.Run(() => ReadUsages(after, limit, cancel), cancel));
        }
        catch (SqliteFailureException failure)
        {
            return ReadFailed(failure);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<FragmentedRange>>> ListFragmentedAsync(
        InodeId after, long window, int extents, int limit, CancellationToken cancel = default)
    {
        try
        {
            return new MetadataResult<IReadOnlyList<FragmentedRange>>(await Task.Run(() => ReadFragmented(after, window, extents, limit, cancel), cancel));
        }
        catch (SqliteFailureException failure)
        {
            return ReadFailed(failure);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<MisplacedFile>>> ListMisplacedAsync(
        InodeId after, int limit, IReadOnlyDictionary<(uint File, uint Segment), long> heads, CancellationToken cancel = default)
    {
        try
        {
            return new MetadataResult<IReadOnlyList<MisplacedFile>>(await Task.Run(() => ReadMisplaced(after, limit, heads, cancel), cancel));
        }
        catch (SqliteFailureException failure)
        {
            return ReadFailed(failure);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<InodeAttributes>>> ListAgedAsync(
        uint placement, Timestamp writtenBefore, long leastBytes, InodeId after, int limit, CancellationToken cancel = default)
    {
        try
        {
            return new MetadataResult<IReadOnlyList<InodeAttributes>>(
                await Task.Run(() => ReadAged(placement, writtenBefore, leastBytes, after, limit, cancel), cancel));
        }
        catch (SqliteFailureException failure)
        {
            return ReadFailed(failure);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyDictionary<uint, long>>> SumRemovedAsync(CancellationToken cancel = default)
    {
        try
        {
            return new MetadataResult<IReadOnlyDictionary<uint, long>>(await Task.Run(() => ReadRemoved(cancel), cancel));
        }
        catch (SqliteFailureException failure)
        {
            return ReadFailed(failure);
        }
    }

    private List<SegmentUsage> ReadUsages(SegmentId? after, int limit, CancellationToken cancel)
    {
        using SqliteFile reader = OpenReader();
        using Statement select = reader.Prepare(
            $"SELECT {SegmentTable.Columns} FROM segment WHERE state = ? AND id > ? ORDER BY id LIMIT ?");
        using Statement uses = reader.Prepare("""
            SELECT plain, length FROM extent WHERE segment = ?1
            UNION ALL SELECT plain, length FROM extent_past WHERE segment = ?1
            ORDER BY plain
            """);
        select.Bind(1, (long)SegmentState.Live).Bind(2, after?.Value ?? UInt128.Zero).Bind(3, limit);
        var usages = new List<SegmentUsage>();
        while (select.Step())
        {
            cancel.ThrowIfCancellationRequested();
            usages.Add(ReadUsage(SegmentTable.Read(select), uses));
        }

        return usages;
    }

    private static SegmentUsage ReadUsage(in SegmentRow row, Statement uses)
    {
        long referred = 0;
        long end = 0;
        uses.Bind(1, row.Id.Value);
        while (uses.Step())
        {
            long useEnd = uses.Int64(0) + uses.Int64(1);
            referred += Math.Max(0, useEnd - Math.Max(end, uses.Int64(0)));
            end = Math.Max(end, useEnd);
        }

        return new SegmentUsage(row, referred);
    }

    private List<InodeAttributes> ReadAged(uint placement, Timestamp writtenBefore, long leastBytes, InodeId after, int limit, CancellationToken cancel)
    {
        using SqliteFile reader = OpenReader();
        using Statement select = reader.Prepare(Aged);
        select.Bind(1, after.Value).Bind(2, placement).Bind(3, leastBytes).Bind(4, writtenBefore.Nanoseconds).Bind(5, limit).Bind(6, ModeBits.TypeMask).Bind(7, ModeBits.File);
        var files = new List<InodeAttributes>();
        while (select.Step())
        {
            cancel.ThrowIfCancellationRequested();
            files.Add(InodeTable.ReadAttributes(select, 2));
        }

        return files;
    }

    // Both tables are in the order of their inodes, so that nothing is sorted.
    private List<MisplacedFile> ReadMisplaced(InodeId after, int limit, IReadOnlyDictionary<(uint File, uint Segment), long> heads, CancellationToken cancel)
    {
        using SqliteFile reader = OpenReader();
        using Statement select = reader.Prepare(Misplaced);
        select.Bind(1, after.Value);
        var files = new List<MisplacedFile>();
        var elsewhere = new SortedDictionary<uint, (long Bytes, long PastBytes, HashSet<SegmentId> Segments)>();
        var current = new MisplacedFile(default, 0, KeepsTier: false, []);
        while (select.Step())
        {
            cancel.ThrowIfCancellationRequested();
            var inode = new InodeId(select.UInt64(0));
            if (inode != current.Inode)
            {
                AddMisplaced(current, elsewhere, files);
                if (files.Count == limit)
                {
                    return files;
                }

                current = new MisplacedFile(inode, select.UInt32(1), ((InodeFlags)select.UInt32(7) & InodeFlags.KeepsTier) != 0, []);
            }

            uint placement = select.UInt32(5);
            long length = select.Int64(3) - Math.Max(0, heads.GetValueOrDefault((current.Placement, placement)) - select.Int64(6));
            if (length <= 0)
            {
                continue;
            }

            (long bytes, long pastBytes, HashSet<SegmentId> segments) = elsewhere.TryGetValue(placement, out (long Bytes, long PastBytes, HashSet<SegmentId> Segments) known) ? known : (0, 0, []);
            bool isPast = select.Int64(4) != 0;
            segments.Add(new SegmentId(select.UInt128(2)));
            elsewhere[placement] = (bytes + (isPast ? 0 : length), pastBytes + (isPast ? length : 0), segments);
        }

        AddMisplaced(current, elsewhere, files);
        return files;
    }

    private static void AddMisplaced(
        MisplacedFile file, SortedDictionary<uint, (long Bytes, long PastBytes, HashSet<SegmentId> Segments)> elsewhere, List<MisplacedFile> into)
    {
        if (elsewhere.Count > 0)
        {
            into.Add(file with
            {
                Elsewhere = [.. elsewhere.Select(static there => new PlacedElsewhere(there.Key, there.Value.Bytes, there.Value.PastBytes, [.. there.Value.Segments]))],
            });
            elsewhere.Clear();
        }
    }

    private Dictionary<uint, long> ReadRemoved(CancellationToken cancel)
    {
        using SqliteFile reader = OpenReader();
        using Statement select = reader.Prepare("""
            SELECT s.placement, e.length FROM extent_past e CROSS JOIN segment s
            WHERE s.id = e.segment AND NOT EXISTS (SELECT 1 FROM inode i WHERE i.id = e.inode)
            """);
        var sums = new Dictionary<uint, long>();
        while (select.Step())
        {
            cancel.ThrowIfCancellationRequested();
            sums[select.UInt32(0)] = sums.GetValueOrDefault(select.UInt32(0)) + select.Int64(1);
        }

        return sums;
    }

    // Streamed in the order of the table and counted here: a GROUP BY would sort all of it first.
    private List<FragmentedRange> ReadFragmented(InodeId after, long window, int extents, int limit, CancellationToken cancel)
    {
        using SqliteFile reader = OpenReader();
        using Statement select = reader.Prepare("SELECT inode, offset FROM extent WHERE inode > ? ORDER BY inode, offset");
        select.Bind(1, after.Value);
        var ranges = new List<FragmentedRange>();
        FragmentedRange current = default;
        while (ranges.Count < limit && select.Step())
        {
            cancel.ThrowIfCancellationRequested();
            var inode = new InodeId(select.UInt64(0));
            long start = select.Int64(1) / window * window;
            if (inode != current.Inode || start != current.Offset)
            {
                AddFragmented(current, extents, ranges);
                current = new FragmentedRange(inode, start, 0);
            }

            current = current with { Extents = current.Extents + 1 };
        }

        if (ranges.Count < limit)
        {
            AddFragmented(current, extents, ranges);
        }

        return ranges;
    }

    private static void AddFragmented(FragmentedRange range, int extents, List<FragmentedRange> into)
    {
        if (range.Extents > extents)
        {
            into.Add(range);
        }
    }
}
