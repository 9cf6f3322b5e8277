using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>Reads the volume as a snapshot shows it.</summary>
/// <remarks>Every call asks first whether the snapshot is still there, under the lock that its deletion takes too.</remarks>
internal sealed class SqliteSnapshotView : IMetadataView
{
    private const int DirectoryPage = 256;

    private readonly SqliteMetadataStore _store;
    private readonly SnapshotId _snapshot;

    public SqliteSnapshotView(SqliteMetadataStore store, SnapshotId snapshot)
    {
        _store = store;
        _snapshot = snapshot;
    }

    public ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(inode, static MetadataResult<InodeAttributes> (rows, snapshot, inode) =>
            rows.TryGetInode(snapshot, inode, out InodeAttributes shown) ? shown : MetadataError.NotFound);

    public ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(InodeId parent, NameTag name, CancellationToken cancel = default) =>
        Read((parent, name), static MetadataResult<DirectoryEntry> (rows, snapshot, key) =>
        {
            if (rows.TryGetEntry(snapshot, key.parent, key.name, out EntryRow entry)
                && rows.TryGetInode(snapshot, entry.Child, out InodeAttributes inode))
            {
                return new DirectoryEntry(entry.Parent, entry.Name, inode);
            }

            MetadataError error = WhyNoEntries(rows, snapshot, key.parent);
            return error == MetadataError.None ? MetadataError.NotFound : error;
        });

    public ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        Read((directory, after, buffer), static (rows, snapshot, request) => request.after is { } tag
            ? Fill(rows, snapshot, request.directory, tag, inclusive: false, request.buffer)
            : Fill(rows, snapshot, request.directory, default, inclusive: true, request.buffer));

    public ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        Read((directory, fromHigh64, buffer), static (rows, snapshot, request) => Fill(
            rows, snapshot, request.directory, new NameTag(new UInt128(request.fromHigh64, 0)), inclusive: true, request.buffer));

    public ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(inode, static MetadataResult<DirectoryEntry> (rows, snapshot, inode) =>
            rows.TryFindEntry(snapshot, inode, out EntryRow entry) && rows.TryGetInode(snapshot, inode, out InodeAttributes shown)
                ? new DirectoryEntry(entry.Parent, entry.Name, shown)
                : MetadataError.NotFound);

    public ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(inode, static MetadataResult<ReadOnlyMemory<byte>> (rows, snapshot, inode) =>
        {
            if (rows.TryGetTarget(snapshot, inode, out ReadOnlyMemory<byte> target))
            {
                return target;
            }

            return rows.TryGetInode(snapshot, inode, out _) ? MetadataError.Conflict : MetadataError.NotFound;
        });

    public ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(InodeId inode, NameTag name, CancellationToken cancel = default) =>
        Read((inode, name), static MetadataResult<SealedXattr> (rows, snapshot, key) =>
        {
            if (!rows.TryGetInode(snapshot, key.inode, out _))
            {
                return MetadataError.NotFound;
            }

            return rows.TryGetXattr(snapshot, key.inode, key.name, out SealedXattr xattr) ? xattr : MetadataError.NoAttribute;
        });

    public ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(inode, static MetadataResult<IReadOnlyList<SealedXattr>> (rows, snapshot, inode) =>
            rows.TryGetInode(snapshot, inode, out _)
                ? new MetadataResult<IReadOnlyList<SealedXattr>>(rows.ListXattrs(snapshot, inode))
                : MetadataError.NotFound);

    public ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return Read((inode, offset, length, limit), static MetadataResult<ExtentPage> (rows, snapshot, range) =>
        {
            if (!rows.TryGetInode(snapshot, range.inode, out _))
            {
                return MetadataError.NotFound;
            }

            if (range.length <= 0)
            {
                return new ExtentPage([], false);
            }

            long end = range.length > long.MaxValue - range.offset ? long.MaxValue : range.offset + range.length;
            int wanted = range.limit == int.MaxValue ? range.limit : range.limit + 1;
            List<Extent> extents = rows.ReadExtents(snapshot, range.inode, range.offset, end, wanted);
            bool more = extents.Count > range.limit;
            if (more)
            {
                extents.RemoveAt(extents.Count - 1);
            }

            return new ExtentPage(extents, more);
        });
    }

    private ValueTask<MetadataResult<T>> Read<TArgument, T>(
        TArgument argument, Func<ShownRows, ulong, TArgument, MetadataResult<T>> read) =>
        _store.Read((_snapshot, argument, read), static (tables, request) => tables.Context.HasSnapshot(request._snapshot)
            ? request.read(tables.Shown, request._snapshot.Value, request.argument)
            : MetadataError.SnapshotGone);

    private static MetadataError WhyNoEntries(ShownRows rows, ulong snapshot, InodeId directory)
    {
        if (!rows.TryGetInode(snapshot, directory, out InodeAttributes inode))
        {
            return MetadataError.NotFound;
        }

        return inode.IsDirectory ? MetadataError.None : MetadataError.NotADirectory;
    }

    private static MetadataResult<int> Fill(
        ShownRows rows, ulong snapshot, InodeId directory, NameTag from, bool inclusive, Memory<DirectoryEntry> buffer)
    {
        if (WhyNoEntries(rows, snapshot, directory) is var error and not MetadataError.None)
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
            rows.ReadEntries(snapshot, directory, from, inclusive, wanted, page);
            foreach (EntryRow entry in page)
            {
                if (rows.TryGetInode(snapshot, entry.Child, out InodeAttributes inode))
                {
                    entries[filled++] = new DirectoryEntry(directory, entry.Name, inode);
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
