using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite;

/// <content>Reads of the live view.</content>
public sealed partial class SqliteMetadataStore
{
    private const int DirectoryPage = 256;

    /// <inheritdoc/>
    public ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(inode, static MetadataResult<InodeAttributes> (tables, inode) =>
            tables.Inodes.TryGet(inode, out InodeRow row) ? row.Attributes : MetadataError.NotFound);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(
        InodeId parent, NameTag name, CancellationToken cancel = default) =>
        Read((parent, name), static MetadataResult<DirectoryEntry> (tables, key) =>
        {
            if (tables.Entries.TryGet(key.parent, key.name, out EntryRow entry)
                && tables.Inodes.TryGet(entry.Child, out InodeRow inode))
            {
                return new DirectoryEntry(entry.Parent, entry.Name, inode.Attributes);
            }

            return WhyNoEntries(tables, key.parent) is var error and not MetadataError.None ? error : MetadataError.NotFound;
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        Read((directory, after, buffer), static (tables, request) => request.after is { } tag
            ? Fill(tables, request.directory, tag, inclusive: false, request.buffer)
            : Fill(tables, request.directory, default, inclusive: true, request.buffer));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        Read((directory, fromHigh64, buffer), static (tables, request) =>
            Fill(tables, request.directory, new NameTag(new UInt128(request.fromHigh64, 0)), inclusive: true, request.buffer));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(inode, static MetadataResult<DirectoryEntry> (tables, inode) =>
            tables.Entries.TryFind(inode, out EntryRow entry) && tables.Inodes.TryGet(inode, out InodeRow row)
                ? new DirectoryEntry(entry.Parent, entry.Name, row.Attributes)
                : MetadataError.NotFound);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(inode, static MetadataResult<ReadOnlyMemory<byte>> (tables, inode) =>
        {
            if (tables.Symlinks.TryGet(inode, out SymlinkRow row))
            {
                return row.Target;
            }

            return tables.Inodes.TryGet(inode, out _) ? MetadataError.Conflict : MetadataError.NotFound;
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(
        InodeId inode, NameTag name, CancellationToken cancel = default) =>
        Read((inode, name), static MetadataResult<SealedXattr> (tables, key) =>
        {
            if (!tables.Inodes.TryGet(key.inode, out InodeRow row))
            {
                return MetadataError.NotFound;
            }

            bool any = (row.Attributes.Flags & InodeFlags.HasXattrs) != 0;
            return any && tables.Xattrs.TryGet(key.inode, key.name, out XattrRow xattr) ? xattr.Xattr : MetadataError.NoAttribute;
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(inode, static MetadataResult<IReadOnlyList<SealedXattr>> (tables, inode) =>
        {
            if (!tables.Inodes.TryGet(inode, out InodeRow row))
            {
                return MetadataError.NotFound;
            }

            if ((row.Attributes.Flags & InodeFlags.HasXattrs) == 0)
            {
                return new MetadataResult<IReadOnlyList<SealedXattr>>([]);
            }

            List<XattrRow> rows = tables.Xattrs.List(inode);
            return new MetadataResult<IReadOnlyList<SealedXattr>>(rows.ConvertAll(static row => row.Xattr));
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return Read((inode, offset, length, limit), static MetadataResult<ExtentPage> (tables, range) =>
        {
            if (!tables.Inodes.TryGet(range.inode, out InodeRow row))
            {
                return MetadataError.NotFound;
            }

            if (row.Attributes.AllocatedBytes == 0 || range.length <= 0)
            {
                return new ExtentPage([], false);
            }

            long end = range.length > long.MaxValue - range.offset ? long.MaxValue : range.offset + range.length;
            int wanted = range.limit == int.MaxValue ? range.limit : range.limit + 1;
            var rows = new List<ExtentRow>();
            tables.Extents.ReadOverlapping(range.inode, range.offset, end, wanted, rows);
            bool more = rows.Count > range.limit;
            var extents = new Extent[Math.Min(rows.Count, range.limit)];
            for (int i = 0; i < extents.Length; i++)
            {
                extents[i] = rows[i].Extent;
            }

            return new ExtentPage(extents, more);
        });
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<SegmentRow>> GetSegmentAsync(SegmentId segment, CancellationToken cancel = default) =>
        Read(segment, static MetadataResult<SegmentRow> (tables, segment) =>
            tables.Segments.TryGet(segment, out SegmentRow row) ? row : MetadataError.NotFound);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListSegmentsAsync(
        SegmentState state, SegmentId? after, int limit, CancellationToken cancel = default) =>
        Read((state, after, limit), static (tables, page) =>
            new MetadataResult<IReadOnlyList<SegmentRow>>(tables.Segments.List(page.state, page.after, page.limit)));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListLackingAsync(
        uint placement, ulong wanted, SegmentRow? after, int limit, CancellationToken cancel = default) =>
        Read((placement, wanted, after, limit), static (tables, page) =>
            new MetadataResult<IReadOnlyList<SegmentRow>>(tables.Copies.ListLacking(page.placement, page.wanted, page.after, page.limit)));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListHoldingAsync(
        int store, SegmentRow? after, int limit, CancellationToken cancel = default) =>
        Read((mask: SegmentCopies.In(store), after, limit), static (tables, page) =>
            new MetadataResult<IReadOnlyList<SegmentRow>>(tables.Copies.ListHolding(page.mask, page.after, page.limit)));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListGroupAsync(
        uint placement, ulong copies, SegmentRow? after, int limit, CancellationToken cancel = default) =>
        Read((placement, copies, after, limit), static (tables, page) =>
            new MetadataResult<IReadOnlyList<SegmentRow>>(tables.Copies.ListGroup(page.placement, page.copies, page.after, page.limit)));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<CopyTotals>> SumCopiesAsync(CancellationToken cancel = default) =>
        Read(0, static (tables, _) => new MetadataResult<CopyTotals>(tables.Copies.Sum()));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> GetSegmentUsesAsync(
        SegmentId segment, CancellationToken cancel = default) =>
        Read(segment, static (tables, segment) =>
        {
            var uses = new List<SegmentUse>();
            foreach (ExtentRow row in tables.Extents.ReadUses(segment))
            {
                if (!tables.Orphans.IsPurged(row.Inode))
                {
                    uses.Add(new SegmentUse(row.Inode, row.Extent));
                }
            }

            return new MetadataResult<IReadOnlyList<SegmentUse>>(uses);
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> GetSegmentPastUsesAsync(
        SegmentId segment, CancellationToken cancel = default) =>
        Read(segment, static (tables, segment) =>
        {
            var uses = new List<SegmentUse>();
            foreach (PastExtentRow past in tables.Extents.ReadPastUses(segment))
            {
                uses.Add(new SegmentUse(past.Row.Inode, past.Row.Extent));
            }

            foreach (ExtentRow row in tables.Extents.ReadUses(segment))
            {
                // What is still to be deleted of an inode that is gone is past, if it is anything.
                if (tables.Orphans.TryGetPurge(row.Inode, out ulong died) && tables.Context.IsShown(row.Born, died))
                {
                    uses.Add(new SegmentUse(row.Inode, row.Extent));
                }
            }

            uses.Sort(static (left, right) => left.Extent.PlaintextOffset.CompareTo(right.Extent.PlaintextOffset));
            return new MetadataResult<IReadOnlyList<SegmentUse>>(uses);
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SessionRow>>> ListSessionsAsync(CancellationToken cancel = default) =>
        Read(0, static (tables, _) => new MetadataResult<IReadOnlyList<SessionRow>>(tables.Volume.ListSessions()));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<OrphanRow>>> ListOrphansAsync(
        SessionId? exceptSession, CancellationToken cancel = default) =>
        Read(exceptSession, static (tables, except) =>
            new MetadataResult<IReadOnlyList<OrphanRow>>(tables.Orphans.List(except)));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SnapshotRow>>> ListSnapshotsAsync(CancellationToken cancel = default) =>
        Read(0, static (tables, _) => new MetadataResult<IReadOnlyList<SnapshotRow>>(tables.Snapshots.List()));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<ReadOnlyMemory<byte>>> GetSettingAsync(string key, CancellationToken cancel = default) =>
        Read(key, static MetadataResult<ReadOnlyMemory<byte>> (tables, key) =>
            tables.Volume.GetSetting(key) is { } value ? new ReadOnlyMemory<byte>(value) : MetadataError.NotFound);

    private static MetadataError WhyNoEntries(LiveTables tables, InodeId directory)
    {
        if (!tables.Inodes.TryGet(directory, out InodeRow row))
        {
            return MetadataError.NotFound;
        }

        return row.Attributes.IsDirectory ? MetadataError.None : MetadataError.NotADirectory;
    }

    private static MetadataResult<int> Fill(
        LiveTables tables, InodeId directory, NameTag from, bool inclusive, Memory<DirectoryEntry> buffer)
    {
        if (WhyNoEntries(tables, directory) is var error and not MetadataError.None)
        {
            return error;
        }

        Span<DirectoryEntry> entries = buffer.Span;
        var page = new List<EntryRow>(Math.Min(entries.Length, DirectoryPage));
        int filled = 0;
        while (filled < entries.Length)
        {
            int wanted = Math.Min(entries.Length - filled, DirectoryPage);
            page.Clear();
            tables.Entries.Read(directory, from, inclusive, wanted, page);
            foreach (EntryRow entry in page)
            {
                if (tables.Inodes.TryGet(entry.Child, out InodeRow inode))
                {
                    entries[filled++] = new DirectoryEntry(directory, entry.Name, inode.Attributes);
                }
            }

            if (page.Count < wanted)
            {
                break;
            }

            from = page[^1].Name.Tag;
            inclusive = false;
        }

        return filled;
    }
}
