using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The table of extents. Extents of one file never overlap, which is what every search here relies on.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class ExtentTable : IDisposable
{
    private readonly BatchContext _context;
    private readonly Statement _selectBefore;
    private readonly Statement _selectFrom;
    private readonly Statement _selectUses;
    private readonly Statement _selectPastUses;
    private readonly Statement _selectUse;
    private readonly Statement _selectPastUse;
    private readonly Statement _write;
    private readonly Statement _delete;
    private readonly Statement _writePast;

    public ExtentTable(SqliteFile file, BatchContext context)
    {
        _context = context;
        _selectBefore = file.Prepare("""
            SELECT inode, offset, born, length, segment, plain FROM extent
            WHERE inode = ? AND offset < ? ORDER BY offset DESC LIMIT 1
            """);
        _selectFrom = file.Prepare("""
            SELECT inode, offset, born, length, segment, plain FROM extent
            WHERE inode = ? AND offset >= ? AND offset < ? ORDER BY offset LIMIT ?
            """);
        _selectUses = file.Prepare("""
            SELECT inode, offset, born, length, segment, plain FROM extent
            WHERE segment = ? AND plain < ? ORDER BY plain, inode, offset
            """);
        _selectPastUses = file.Prepare("""
            SELECT inode, offset, born, length, segment, plain, died FROM extent_past
            WHERE segment = ? AND plain < ? ORDER BY plain, inode, offset, born
            """);
        _selectUse = file.Prepare("SELECT 1 FROM extent WHERE segment = ? LIMIT 1");
        _selectPastUse = file.Prepare("SELECT 1 FROM extent_past WHERE segment = ? LIMIT 1");
        _write = file.Prepare("INSERT OR REPLACE INTO extent VALUES (?, ?, ?, ?, ?, ?)");
        _delete = file.Prepare("DELETE FROM extent WHERE inode = ? AND offset = ?");
        _writePast = file.Prepare("INSERT OR REPLACE INTO extent_past VALUES (?, ?, ?, ?, ?, ?, ?)");
    }

    /// <summary>Finds the last extent that begins before an offset.</summary>
    public bool TryGetBefore(InodeId inode, long offset, out ExtentRow row)
    {
        bool found = _selectBefore.Bind(1, inode.Value).Bind(2, offset).Step();
        row = found ? Read(_selectBefore) : default;
        _selectBefore.Reset();
        return found;
    }

    /// <summary>Appends the extents that overlap [start, end), at most <paramref name="limit"/>, in file order.</summary>
    public void ReadOverlapping(InodeId inode, long start, long end, int limit, List<ExtentRow> into)
    {
        if (limit > 0 && TryGetBefore(inode, start, out ExtentRow before) && before.Extent.End > start)
        {
            into.Add(before);
            limit--;
        }

        ReadBeginning(inode, start, end, limit, into);
    }

    /// <summary>Appends the extents that begin in [start, end), at most <paramref name="limit"/>, in file order.</summary>
    public void ReadBeginning(InodeId inode, long start, long end, int limit, List<ExtentRow> into)
    {
        if (limit <= 0)
        {
            return;
        }

        _selectFrom.Bind(1, inode.Value).Bind(2, start).Bind(3, end).Bind(4, limit);
        while (_selectFrom.Step())
        {
            into.Add(Read(_selectFrom));
        }
    }

    /// <summary>Reads every extent that refers to a segment before an offset of its plaintext, in the order of that.</summary>
    public List<ExtentRow> ReadUses(SegmentId segment, long before = long.MaxValue)
    {
        var uses = new List<ExtentRow>();
        _selectUses.Bind(1, segment.Value).Bind(2, before);
        while (_selectUses.Step())
        {
            uses.Add(Read(_selectUses));
        }

        return uses;
    }

    /// <summary>Reads every past extent that refers to a segment before an offset of its plaintext, in the order of that.</summary>
    public List<PastExtentRow> ReadPastUses(SegmentId segment, long before = long.MaxValue)
    {
        var uses = new List<PastExtentRow>();
        _selectPastUses.Bind(1, segment.Value).Bind(2, before);
        while (_selectPastUses.Step())
        {
            uses.Add(new PastExtentRow(Read(_selectPastUses), _selectPastUses.UInt64(6)));
        }

        return uses;
    }

    /// <summary>Whether any extent, live or past, refers to a segment.</summary>
    public bool IsUsed(SegmentId segment)
    {
        bool used = _selectUse.Bind(1, segment.Value).Step();
        _selectUse.Reset();
        if (!used)
        {
            used = _selectPastUse.Bind(1, segment.Value).Step();
            _selectPastUse.Reset();
        }

        return used;
    }

    public void Insert(InodeId inode, in Extent extent)
    {
        var row = new ExtentRow(inode, extent, _context.Epoch);
        Write(row);
        _context.Changes.Extents.Set((inode.Value, extent.FileOffset), row);
    }

    /// <summary>Gives a row that was just read another length.</summary>
    public void Resize(in ExtentRow old, long length)
    {
        KeepPast(old, _context.Epoch);
        Insert(old.Inode, old.Extent with { Length = length });
    }

    public void Delete(in ExtentRow old)
    {
        DeleteUnrecorded(old, _context.Epoch);
        _context.Changes.Extents.Remove((old.Inode.Value, old.Extent.FileOffset), old);
    }

    /// <summary>Deletes a row whose inode's end stands for it in the change stream.</summary>
    public void DeleteUnrecorded(in ExtentRow old, ulong epoch)
    {
        KeepPast(old, epoch);
        _delete.Bind(1, old.Inode.Value).Bind(2, old.Extent.FileOffset).Run();
    }

    /// <summary>Replaces a row by pieces that cover the same bytes of the file, the first from the same offset. It keeps its birth: this is not a change that a snapshot tells.</summary>
    public void Replace(in ExtentRow old, IReadOnlyList<Extent> pieces)
    {
        foreach (Extent piece in pieces)
        {
            ExtentRow row = old with { Extent = piece };
            Write(row);
            _context.Changes.Extents.Set((row.Inode.Value, piece.FileOffset), row);
        }
    }

    /// <summary>The same for a past row.</summary>
    public void ReplacePast(in PastExtentRow old, IReadOnlyList<Extent> pieces)
    {
        foreach (Extent piece in pieces)
        {
            PastExtentRow past = old with { Row = old.Row with { Extent = piece } };
            WritePast(past.Row, past.Died);
            _context.Changes.PastExtents.Set((past.Row.Inode.Value, piece.FileOffset, past.Row.Born), past);
        }
    }

    /// <summary>Writes a row as another store had it, its birth included.</summary>
    public void Load(in ExtentRow row)
    {
        if (TryGet(row.Inode, row.Extent.FileOffset, out ExtentRow old) && old.Born != row.Born)
        {
            KeepPast(old, _context.Epoch);
        }

        Write(row);
    }

    public void LoadPast(in ExtentRow row, ulong died) => WritePast(row, died);

    /// <summary>Writes a past row as another store had it, of an inode that is gone and may still have it as a live one.</summary>
    public void LoadPastOfGone(in ExtentRow row, ulong died)
    {
        if (TryGet(row.Inode, row.Extent.FileOffset, out ExtentRow live) && live.Born == row.Born)
        {
            _delete.Bind(1, row.Inode.Value).Bind(2, row.Extent.FileOffset).Run();
        }

        WritePast(row, died);
    }

    public bool TryGet(InodeId inode, long offset, out ExtentRow row)
    {
        bool found = _selectFrom.Bind(1, inode.Value).Bind(2, offset).Bind(3, offset + 1).Bind(4, 1).Step();
        row = found ? Read(_selectFrom) : default;
        _selectFrom.Reset();
        return found;
    }

    public void Dispose()
    {
        _selectBefore.Dispose();
        _selectFrom.Dispose();
        _selectUses.Dispose();
        _selectPastUses.Dispose();
        _selectUse.Dispose();
        _selectPastUse.Dispose();
        _write.Dispose();
        _delete.Dispose();
        _writePast.Dispose();
    }

    /// <summary>Reads a row whose columns are in the table's order.</summary>
    public static ExtentRow Read(Statement source) => new(
        new InodeId(source.UInt64(0)),
        new Extent(source.Int64(1), source.Int64(3), new SegmentId(source.UInt128(4)), source.Int64(5)),
        source.UInt64(2));

    private void Write(in ExtentRow row) => _write
        .Bind(1, row.Inode.Value)
        .Bind(2, row.Extent.FileOffset)
        .Bind(3, row.Born)
        .Bind(4, row.Extent.Length)
        .Bind(5, row.Extent.Segment.Value)
        .Bind(6, row.Extent.PlaintextOffset)
        .Run();

    private void KeepPast(in ExtentRow old, ulong epoch)
    {
        if (_context.IsShown(old.Born, epoch))
        {
            WritePast(old, epoch);
        }
    }

    private void WritePast(in ExtentRow row, ulong died) => _writePast
        .Bind(1, row.Inode.Value)
        .Bind(2, row.Extent.FileOffset)
        .Bind(3, row.Born)
        .Bind(4, died)
        .Bind(5, row.Extent.Length)
        .Bind(6, row.Extent.Segment.Value)
        .Bind(7, row.Extent.PlaintextOffset)
        .Run();
}
