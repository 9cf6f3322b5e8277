namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The inodes without a name that sessions have open, and those that are gone while their extents are still being deleted.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class OrphanTable : IDisposable
{
    private readonly BatchContext _context;
    private readonly Statement _select;
    private readonly Statement _selectAll;
    private readonly Statement _write;
    private readonly Statement _delete;
    private readonly Statement _selectPurge;
    private readonly Statement _writePurge;
    private readonly Statement _deletePurge;

    // Inode to the epoch it was deleted in. Small: a row stays for as many ticks as it has slices of extents.
    private readonly Dictionary<ulong, ulong> _purges = [];

    public OrphanTable(SqliteFile file, BatchContext context)
    {
        _context = context;
        _select = file.Prepare("SELECT session FROM orphan WHERE inode = ?");
        _selectAll = file.Prepare("SELECT inode, session FROM orphan ORDER BY inode");
        _write = file.Prepare("INSERT OR REPLACE INTO orphan VALUES (?, ?)");
        _delete = file.Prepare("DELETE FROM orphan WHERE inode = ?");
        _selectPurge = file.Prepare("SELECT inode, epoch FROM purge ORDER BY inode");
        _writePurge = file.Prepare("INSERT OR REPLACE INTO purge VALUES (?, ?)");
        _deletePurge = file.Prepare("DELETE FROM purge WHERE inode = ?");
    }

    public bool HasPurges => _purges.Count > 0;

    public bool TryGet(InodeId inode, out OrphanRow row)
    {
        bool found = _select.Bind(1, inode.Value).Step();
        row = new OrphanRow(inode, new SessionId(found ? _select.UInt64(0) : 0));
        _select.Reset();
        return found;
    }

    public List<OrphanRow> List(SessionId? except)
    {
        var rows = new List<OrphanRow>();
        while (_selectAll.Step())
        {
            var row = new OrphanRow(new InodeId(_selectAll.UInt64(0)), new SessionId(_selectAll.UInt64(1)));
            if (row.Session != except)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    public void Put(OrphanRow row)
    {
        Load(row);
        _context.Changes.Orphans.Set(row.Inode.Value, row);
    }

    public void Delete(OrphanRow row)
    {
        _delete.Bind(1, row.Inode.Value).Run();
        _context.Changes.Orphans.Remove(row.Inode.Value, row);
    }

    /// <summary>Writes a row as another store had it.</summary>
    public void Load(OrphanRow row) => _write.Bind(1, row.Inode.Value).Bind(2, row.Session.Value).Run();

    /// <summary>Whether an inode is gone while its extents are still being deleted, and the epoch they died in.</summary>
    public bool TryGetPurge(InodeId inode, out ulong epoch) => _purges.TryGetValue(inode.Value, out epoch);

    public bool IsPurged(InodeId inode) => _purges.ContainsKey(inode.Value);

    /// <summary>The inodes that are gone while their extents are still being deleted.</summary>
    public HashSet<InodeId> ListPurges() => [.. _purges.Keys.Select(static id => new InodeId(id))];

    public void AddPurge(InodeId inode)
    {
        _writePurge.Bind(1, inode.Value).Bind(2, _context.Epoch).Run();
        _purges[inode.Value] = _context.Epoch;
    }

    public void RemovePurge(InodeId inode)
    {
        _deletePurge.Bind(1, inode.Value).Run();
        _purges.Remove(inode.Value);
    }

    /// <summary>Answers one inode whose extents are to be deleted, and the epoch they died in.</summary>
    public bool TryGetPurge(out InodeId inode, out ulong epoch)
    {
        foreach ((ulong id, ulong died) in _purges)
        {
            (inode, epoch) = (new InodeId(id), died);
            return true;
        }

        (inode, epoch) = (default, 0);
        return false;
    }

    /// <summary>Reads what is kept in memory, at the start and after a rollback.</summary>
    public void Recall()
    {
        _purges.Clear();
        while (_selectPurge.Step())
        {
            _purges[_selectPurge.UInt64(0)] = _selectPurge.UInt64(1);
        }
    }

    public void Dispose()
    {
        _select.Dispose();
        _selectAll.Dispose();
        _write.Dispose();
        _delete.Dispose();
        _selectPurge.Dispose();
        _writePurge.Dispose();
        _deletePurge.Dispose();
    }
}
