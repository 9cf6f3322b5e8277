using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The table of directory entries.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class EntryTable : IDisposable
{
    private readonly BatchContext _context;
    private readonly Statement _select;
    private readonly Statement _selectByChild;
    private readonly Statement _selectAny;
    private readonly Statement _selectFrom;
    private readonly Statement _selectAfter;
    private readonly Statement _write;
    private readonly Statement _delete;
    private readonly Statement _writePast;

    public EntryTable(SqliteFile file, BatchContext context)
    {
        _context = context;
        _select = file.Prepare("SELECT parent, tag, born, child, name FROM dirent WHERE parent = ? AND tag = ?");
        _selectByChild = file.Prepare(
            "SELECT parent, tag, born, child, name FROM dirent WHERE child = ? ORDER BY parent, tag LIMIT 1");
        _selectAny = file.Prepare("SELECT 1 FROM dirent WHERE parent = ? LIMIT 1");
        _selectFrom = file.Prepare(
            "SELECT parent, tag, born, child, name FROM dirent WHERE parent = ? AND tag >= ? ORDER BY tag LIMIT ?");
        _selectAfter = file.Prepare(
            "SELECT parent, tag, born, child, name FROM dirent WHERE parent = ? AND tag > ? ORDER BY tag LIMIT ?");
        _write = file.Prepare("INSERT OR REPLACE INTO dirent VALUES (?, ?, ?, ?, ?)");
        _delete = file.Prepare("DELETE FROM dirent WHERE parent = ? AND tag = ?");
        _writePast = file.Prepare("INSERT OR REPLACE INTO dirent_past VALUES (?, ?, ?, ?, ?, ?)");
    }

    public bool TryGet(InodeId parent, NameTag tag, out EntryRow row)
    {
        bool found = _select.Bind(1, parent.Value).Bind(2, tag).Step();
        row = found ? Read(_select) : default;
        if (found)
        {
            _select.Reset();
        }

        return found;
    }

    /// <summary>Finds the entry of the lowest parent and tag that names an inode.</summary>
    public bool TryFind(InodeId child, out EntryRow row)
    {
        bool found = _selectByChild.Bind(1, child.Value).Step();
        row = found ? Read(_selectByChild) : default;
        _selectByChild.Reset();
        return found;
    }

    public bool IsEmpty(InodeId parent)
    {
        bool any = _selectAny.Bind(1, parent.Value).Step();
        _selectAny.Reset();
        return !any;
    }

    /// <summary>Appends entries in the order of their tags, at most <paramref name="limit"/>.</summary>
    public void Read(InodeId parent, NameTag from, bool inclusive, int limit, List<EntryRow> into)
    {
        Statement select = inclusive ? _selectFrom : _selectAfter;
        select.Bind(1, parent.Value).Bind(2, from).Bind(3, limit);
        while (select.Step())
        {
            into.Add(Read(select));
        }
    }

    public void Insert(InodeId parent, EntryName name, InodeId child) =>
        Put(new EntryRow(parent, name, child, _context.Epoch));

    /// <summary>Lets an entry that was just read name another inode, under another sealing of its name.</summary>
    public void Replace(in EntryRow old, ReadOnlyMemory<byte> sealedName, InodeId child)
    {
        KeepPast(old);
        Put(new EntryRow(old.Parent, old.Name with { Sealed = sealedName }, child, _context.Epoch));
    }

    public void Delete(in EntryRow old)
    {
        KeepPast(old);
        _delete.Bind(1, old.Parent.Value).Bind(2, old.Name.Tag).Run();
        _context.Changes.Entries.Remove((old.Parent.Value, old.Name.Tag.Value), old);
    }

    /// <summary>Writes a row as another store had it, its birth included.</summary>
    public void Load(in EntryRow row)
    {
        if (TryGet(row.Parent, row.Name.Tag, out EntryRow old) && old.Born != row.Born)
        {
            KeepPast(old);
        }

        Write(row);
    }

    public void LoadPast(in EntryRow row, ulong died) => WritePast(row, died);

    public void Dispose()
    {
        _select.Dispose();
        _selectByChild.Dispose();
        _selectAny.Dispose();
        _selectFrom.Dispose();
        _selectAfter.Dispose();
        _write.Dispose();
        _delete.Dispose();
        _writePast.Dispose();
    }

    /// <summary>Reads a row whose columns are in the table's order.</summary>
    public static EntryRow Read(Statement source) => new(
        new InodeId(source.UInt64(0)),
        new EntryName(new NameTag(source.UInt128(1)), source.Bytes(4)),
        new InodeId(source.UInt64(3)),
        source.UInt64(2));

    private void Put(in EntryRow row)
    {
        Write(row);
        _context.Changes.Entries.Set((row.Parent.Value, row.Name.Tag.Value), row);
    }

    private void Write(in EntryRow row) => _write
        .Bind(1, row.Parent.Value)
        .Bind(2, row.Name.Tag)
        .Bind(3, row.Born)
        .Bind(4, row.Child.Value)
        .Bind(5, row.Name.Sealed.Span)
        .Run();

    private void KeepPast(in EntryRow old)
    {
        if (_context.IsShown(old.Born, _context.Epoch))
        {
            WritePast(old, _context.Epoch);
        }
    }

    private void WritePast(in EntryRow row, ulong died) => _writePast
        .Bind(1, row.Parent.Value)
        .Bind(2, row.Name.Tag)
        .Bind(3, row.Born)
        .Bind(4, died)
        .Bind(5, row.Child.Value)
        .Bind(6, row.Name.Sealed.Span)
        .Run();
}
