namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The table of symbolic links' targets. A target never changes while its inode lives.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class SymlinkTable : IDisposable
{
    private readonly BatchContext _context;
    private readonly Statement _select;
    private readonly Statement _write;
    private readonly Statement _delete;
    private readonly Statement _writePast;

    public SymlinkTable(SqliteFile file, BatchContext context)
    {
        _context = context;
        _select = file.Prepare("SELECT inode, born, target FROM symlink WHERE inode = ?");
        _write = file.Prepare("INSERT OR REPLACE INTO symlink VALUES (?, ?, ?)");
        _delete = file.Prepare("DELETE FROM symlink WHERE inode = ?");
        _writePast = file.Prepare("INSERT OR REPLACE INTO symlink_past VALUES (?, ?, ?, ?)");
    }

    public bool TryGet(InodeId inode, out SymlinkRow row)
    {
        bool found = _select.Bind(1, inode.Value).Step();
        row = found ? new SymlinkRow(new InodeId(_select.UInt64(0)), _select.Bytes(2), _select.UInt64(1)) : default;
        _select.Reset();
        return found;
    }

    public void Insert(InodeId inode, ReadOnlyMemory<byte> target)
    {
        var row = new SymlinkRow(inode, target, _context.Epoch);
        Write(row);
        _context.Changes.Symlinks.Set(inode.Value, row);
    }

    public void Delete(in SymlinkRow old)
    {
        if (_context.IsShown(old.Born, _context.Epoch))
        {
            LoadPast(old, _context.Epoch);
        }

        _delete.Bind(1, old.Inode.Value).Run();
        _context.Changes.Symlinks.Remove(old.Inode.Value, old);
    }

    /// <summary>Writes a row as another store had it, its birth included.</summary>
    public void Load(in SymlinkRow row) => Write(row);

    public void LoadPast(in SymlinkRow row, ulong died) => _writePast
        .Bind(1, row.Inode.Value).Bind(2, row.Born).Bind(3, died).Bind(4, row.Target.Span).Run();

    public void Dispose()
    {
        _select.Dispose();
        _write.Dispose();
        _delete.Dispose();
        _writePast.Dispose();
    }

    private void Write(in SymlinkRow row) => _write
        .Bind(1, row.Inode.Value).Bind(2, row.Born).Bind(3, row.Target.Span).Run();
}
