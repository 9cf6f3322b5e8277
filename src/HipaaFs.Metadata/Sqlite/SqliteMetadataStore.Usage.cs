using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite;

/// <content>What segments hold that is needed, and how files are scattered, read from the newest commit beside the writer.</content>
public sealed partial class SqliteMetadataStore
{
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
