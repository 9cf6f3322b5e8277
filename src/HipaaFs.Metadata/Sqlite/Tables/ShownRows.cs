using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The rows a snapshot shows: live ones born up to it, and past ones born up to it that died after it.</summary>
/// <remarks>
/// <para>Of one key at most one row is shown. Lists merge two searches that are both in the order of their keys, so they stream.
/// <see cref="Live"/> in a snapshot's place shows what lives.</para>
/// <para>Not thread-safe.</para>
/// </remarks>
internal sealed class ShownRows : IDisposable
{
    /// <summary>After every snapshot: shows what lives.</summary>
    public const ulong Live = long.MaxValue;

    private const string EntryColumns = "parent, tag, born, child, name";
    private const string XattrColumns = "inode, tag, born, name, value";
    private const string ExtentColumns = "inode, offset, born, length, segment, plain";
    private const string LiveShown = "born <= ?1";
    private const string PastShown = "born <= ?1 AND died > ?1";

    private readonly InodeTable _inodes;
    private readonly Statement _inode;
    private readonly Statement _entry;
    private readonly Statement _entryOfChild;
    private readonly Statement _entriesFrom;
    private readonly Statement _entriesAfter;
    private readonly Statement _target;
    private readonly Statement _xattr;
    private readonly Statement _xattrs;
    private readonly Statement _extentBefore;
    private readonly Statement _extents;

    public ShownRows(SqliteFile file, InodeTable inodes)
    {
        _inodes = inodes;
        _inode = file.Prepare($"""
            SELECT id, born, died, version, mode, uid, gid, links, device, domain, placement, flags, size, allocated,
                accessed, modified, changed, created FROM inode_past WHERE id = ?2 AND {PastShown}
            """);
        _entry = file.Prepare(Merged("dirent", EntryColumns, "parent = ?2 AND tag = ?3", string.Empty));
        _entryOfChild = file.Prepare(Merged("dirent", EntryColumns, "child = ?2", "ORDER BY parent, tag LIMIT 1"));
        _entriesFrom = file.Prepare(Merged("dirent", EntryColumns, "parent = ?2 AND tag >= ?3", "ORDER BY tag LIMIT ?4"));
        _entriesAfter = file.Prepare(Merged("dirent", EntryColumns, "parent = ?2 AND tag > ?3", "ORDER BY tag LIMIT ?4"));
        _target = file.Prepare(Merged("symlink", "inode, born, target", "inode = ?2", string.Empty));
        _xattr = file.Prepare(Merged("xattr", XattrColumns, "inode = ?2 AND tag = ?3", string.Empty));
        _xattrs = file.Prepare(Merged("xattr", XattrColumns, "inode = ?2", "ORDER BY tag"));
        _extentBefore = file.Prepare(Merged(
            "extent", ExtentColumns, "inode = ?2 AND offset > ?3 AND offset < ?4", "ORDER BY offset DESC LIMIT 1"));
        _extents = file.Prepare(Merged(
            "extent", ExtentColumns, "inode = ?2 AND offset >= ?3 AND offset < ?4", "ORDER BY offset LIMIT ?5"));
    }

    public bool TryGetInode(ulong snapshot, InodeId id, out InodeAttributes inode)
    {
        if (_inodes.TryGet(id, out InodeRow live) && live.Born <= snapshot)
        {
            inode = live.Attributes;
            return true;
        }

        bool found = _inode.Bind(1, snapshot).Bind(2, id.Value).Step();
        inode = found ? InodeTable.ReadAttributes(_inode, 3) : default;
        _inode.Reset();
        return found;
    }

    public bool TryGetEntry(ulong snapshot, InodeId parent, NameTag tag, out EntryRow row)
    {
        bool found = _entry.Bind(1, snapshot).Bind(2, parent.Value).Bind(3, tag).Step();
        row = found ? EntryTable.Read(_entry) : default;
        _entry.Reset();
        return found;
    }

    /// <summary>Finds the entry of the lowest parent and tag that names an inode.</summary>
    public bool TryFindEntry(ulong snapshot, InodeId child, out EntryRow row)
    {
        bool found = _entryOfChild.Bind(1, snapshot).Bind(2, child.Value).Step();
        row = found ? EntryTable.Read(_entryOfChild) : default;
        _entryOfChild.Reset();
        return found;
    }

    /// <summary>Appends entries in the order of their tags, at most <paramref name="limit"/>.</summary>
    public void ReadEntries(ulong snapshot, InodeId parent, NameTag from, bool inclusive, int limit, List<EntryRow> into)
    {
        Statement select = inclusive ? _entriesFrom : _entriesAfter;
        select.Bind(1, snapshot).Bind(2, parent.Value).Bind(3, from).Bind(4, limit);
        while (select.Step())
        {
            into.Add(EntryTable.Read(select));
        }
    }

    public bool TryGetTarget(ulong snapshot, InodeId inode, out ReadOnlyMemory<byte> target)
    {
        bool found = _target.Bind(1, snapshot).Bind(2, inode.Value).Step();
        target = found ? _target.Bytes(2) : default(ReadOnlyMemory<byte>);
        _target.Reset();
        return found;
    }

    public bool TryGetXattr(ulong snapshot, InodeId inode, NameTag tag, out SealedXattr xattr)
    {
        bool found = _xattr.Bind(1, snapshot).Bind(2, inode.Value).Bind(3, tag).Step();
        xattr = found ? XattrTable.Read(_xattr).Xattr : default;
        _xattr.Reset();
        return found;
    }

    public List<SealedXattr> ListXattrs(ulong snapshot, InodeId inode)
    {
        var xattrs = new List<SealedXattr>();
        _xattrs.Bind(1, snapshot).Bind(2, inode.Value);
        while (_xattrs.Step())
        {
            xattrs.Add(XattrTable.Read(_xattrs).Xattr);
        }

        return xattrs;
    }

    /// <summary>Reads the extents that overlap [start, end), at most <paramref name="limit"/>, in file order.</summary>
    public List<Extent> ReadExtents(ulong snapshot, InodeId inode, long start, long end, int limit)
    {
        var extents = new List<Extent>();

        // What covers the start begins at most the longest extent before it; farther back nothing is looked at.
        _extentBefore.Bind(1, snapshot).Bind(2, inode.Value).Bind(3, start - Extent.MaxLength).Bind(4, start);
        if (_extentBefore.Step() && ExtentTable.Read(_extentBefore).Extent is var before && before.End > start)
        {
            extents.Add(before);
        }

        _extentBefore.Reset();
        _extents.Bind(1, snapshot).Bind(2, inode.Value).Bind(3, start).Bind(4, end).Bind(5, limit - extents.Count);
        while (extents.Count < limit && _extents.Step())
        {
            extents.Add(ExtentTable.Read(_extents).Extent);
        }

        _extents.Reset();
        return extents;
    }

    public void Dispose()
    {
        _inode.Dispose();
        _entry.Dispose();
        _entryOfChild.Dispose();
        _entriesFrom.Dispose();
        _entriesAfter.Dispose();
        _target.Dispose();
        _xattr.Dispose();
        _xattrs.Dispose();
        _extentBefore.Dispose();
        _extents.Dispose();
    }

    private static string Merged(string table, string columns, string where, string order) => $"""
        SELECT {columns} FROM {table} WHERE {where} AND {LiveShown}
        UNION ALL SELECT {columns} FROM {table}_past WHERE {where} AND {PastShown} {order}
        """;
}
