using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The table of extended attributes.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class XattrTable : IDisposable
{
    private readonly BatchContext _context;
    private readonly Statement _select;
    private readonly Statement _selectAll;
    private readonly Statement _selectAny;
    private readonly Statement _write;
    private readonly Statement _delete;
    private readonly Statement _writePast;

    public XattrTable(SqliteFile file, BatchContext context)
    {
        _context = context;
        _select = file.Prepare("SELECT inode, tag, born, name, value FROM xattr WHERE inode = ? AND tag = ?");
        _selectAll = file.Prepare("SELECT inode, tag, born, name, value FROM xattr WHERE inode = ? ORDER BY tag");
        _selectAny = file.Prepare("SELECT 1 FROM xattr WHERE inode = ? LIMIT 1");
        _write = file.Prepare("INSERT OR REPLACE INTO xattr VALUES (?, ?, ?, ?, ?)");
        _delete = file.Prepare("DELETE FROM xattr WHERE inode = ? AND tag = ?");
        _writePast = file.Prepare("INSERT OR REPLACE INTO xattr_past VALUES (?, ?, ?, ?, ?, ?)");
    }

    public bool TryGet(InodeId inode, NameTag tag, out XattrRow row)
    {
        bool found = _select.Bind(1, inode.Value).Bind(2, tag).Step();
        row = found ? Read(_select) : default;
        _select.Reset();
        return found;
    }

    /// <summary>Reads all attributes of an inode in the order of their tags.</summary>
    public List<XattrRow> List(InodeId inode)
    {
        var rows = new List<XattrRow>();
        _selectAll.Bind(1, inode.Value);
        while (_selectAll.Step())
        {
            rows.Add(Read(_selectAll));
        }

        return rows;
    }

    public bool Any(InodeId inode)
    {
        bool any = _selectAny.Bind(1, inode.Value).Step();
        _selectAny.Reset();
        return any;
    }

    public void Insert(InodeId inode, in SealedXattr xattr) => Put(new XattrRow(inode, xattr, _context.Epoch));

    public void Replace(in XattrRow old, in SealedXattr xattr)
    {
        KeepPast(old);
        Put(new XattrRow(old.Inode, xattr, _context.Epoch));
    }

    public void Delete(in XattrRow old)
    {
        KeepPast(old);
        _delete.Bind(1, old.Inode.Value).Bind(2, old.Xattr.Tag).Run();
        _context.Changes.Xattrs.Remove((old.Inode.Value, old.Xattr.Tag.Value), old);
    }

    /// <summary>Writes a row as another store had it, its birth included.</summary>
    public void Load(in XattrRow row)
    {
        if (TryGet(row.Inode, row.Xattr.Tag, out XattrRow old) && old.Born != row.Born)
        {
            KeepPast(old);
        }

        Write(row);
    }

    public void LoadPast(in XattrRow row, ulong died) => WritePast(row, died);

    public void Dispose()
    {
        _select.Dispose();
        _selectAll.Dispose();
        _selectAny.Dispose();
        _write.Dispose();
        _delete.Dispose();
        _writePast.Dispose();
    }

    /// <summary>Reads a row whose columns are in the table's order.</summary>
    public static XattrRow Read(Statement source) => new(
        new InodeId(source.UInt64(0)),
        new SealedXattr(new NameTag(source.UInt128(1)), source.Bytes(3), source.Bytes(4)),
        source.UInt64(2));

    private void Put(in XattrRow row)
    {
        Write(row);
        _context.Changes.Xattrs.Set((row.Inode.Value, row.Xattr.Tag.Value), row);
    }

    private void Write(in XattrRow row) => _write
        .Bind(1, row.Inode.Value)
        .Bind(2, row.Xattr.Tag)
        .Bind(3, row.Born)
        .Bind(4, row.Xattr.SealedName.Span)
        .Bind(5, row.Xattr.SealedValue.Span)
        .Run();

    private void KeepPast(in XattrRow old)
    {
        if (_context.IsShown(old.Born, _context.Epoch))
        {
            WritePast(old, _context.Epoch);
        }
    }

    private void WritePast(in XattrRow row, ulong died) => _writePast
        .Bind(1, row.Inode.Value)
        .Bind(2, row.Xattr.Tag)
        .Bind(3, row.Born)
        .Bind(4, died)
        .Bind(5, row.Xattr.SealedName.Span)
        .Bind(6, row.Xattr.SealedValue.Span)
        .Run();
}
