using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The inode table. Changed rows wait in memory until <see cref="Flush"/>, so that a directory that gets a thousand files is written once.</summary>
/// <remarks>Not thread-safe. Flushed before every COMMIT.</remarks>
internal sealed class InodeTable : IDisposable
{
    private const int MaxWaiting = 1024;

    private readonly BatchContext _context;
    private readonly UsageTable _usage;
    private readonly Statement _select;
    private readonly Statement _write;
    private readonly Statement _delete;
    private readonly Statement _writePast;
    private readonly RecentRows<InodeRow> _recent;
    private readonly Dictionary<ulong, InodeRow> _waiting = [];

    public InodeTable(SqliteFile file, BatchContext context, UsageTable usage, int recentRows)
    {
        _context = context;
        _usage = usage;
        _recent = new RecentRows<InodeRow>(recentRows);
        _select = file.Prepare("""
            SELECT id, born, version, mode, uid, gid, links, device, domain, placement, flags, size, allocated,
                accessed, modified, changed, created FROM inode WHERE id = ?
            """);
        _write = file.Prepare("INSERT OR REPLACE INTO inode VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        _delete = file.Prepare("DELETE FROM inode WHERE id = ?");
        _writePast = file.Prepare("INSERT OR REPLACE INTO inode_past VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    }

    public bool TryGet(InodeId id, out InodeRow row)
    {
        if (_waiting.TryGetValue(id.Value, out row) || _recent.TryGet(id.Value, out row))
        {
            return true;
        }

        if (!_select.Bind(1, id.Value).Step())
        {
            return false;
        }

        row = Read(_select);
        _select.Reset();
        _recent.Set(id.Value, row);
        return true;
    }

    public InodeAttributes Insert(InodeAttributes inode)
    {
        inode = inode with { Version = 1 };
        _usage.Count(inode, 1);
        Put(new InodeRow(inode, _context.Epoch));
        return inode;
    }

    /// <summary>Replaces a row that was just read. Answers the new row, which has the next version.</summary>
    public InodeAttributes Update(in InodeRow old, InodeAttributes changed)
    {
        changed = changed with { Version = old.Attributes.Version + 1 };
        KeepPast(old);
        _usage.Count(old.Attributes, -1);
        _usage.Count(changed, 1);
        Put(new InodeRow(changed, _context.Epoch));
        return changed;
    }

    public void Delete(in InodeRow old)
    {
        KeepPast(old);
        _usage.Count(old.Attributes, -1);
        ulong id = old.Attributes.Id.Value;
        _waiting.Remove(id);
        _recent.Remove(id);
        _delete.Bind(1, id).Run();
        _context.Changes.Inodes.Remove(id, old);
    }

    /// <summary>Writes a row as another store had it, its birth included.</summary>
    public void Load(in InodeRow row)
    {
        if (TryGet(row.Attributes.Id, out InodeRow old))
        {
            if (old.Born != row.Born)
            {
                KeepPast(old);
            }

            _usage.Count(old.Attributes, -1);
        }

        _usage.Count(row.Attributes, 1);
        Wait(row);
    }

    public void LoadPast(in InodeRow row, ulong died) => WritePast(row, died);

    /// <summary>Writes every waiting row to the database.</summary>
    public void Flush()
    {
        foreach (InodeRow row in _waiting.Values)
        {
            BindRow(_write, row, 2).Run();
            _recent.Set(row.Attributes.Id.Value, row);
        }

        _waiting.Clear();
    }

    /// <summary>Drops everything in memory, after a rollback.</summary>
    public void Forget()
    {
        _waiting.Clear();
        _recent.Clear();
    }

    public void Dispose()
    {
        _select.Dispose();
        _write.Dispose();
        _delete.Dispose();
        _writePast.Dispose();
    }

    /// <summary>Reads a row whose columns are in the table's order.</summary>
    public static InodeRow Read(Statement source) => new(ReadAttributes(source, 2), source.UInt64(1));

    /// <summary>Reads the attributes; <paramref name="column"/> is that of the version, the id is column 0.</summary>
    public static InodeAttributes ReadAttributes(Statement source, int column) => new()
    {
        Id = new InodeId(source.UInt64(0)),
        Version = source.UInt64(column),
        Mode = source.UInt32(column + 1),
        Uid = source.UInt32(column + 2),
        Gid = source.UInt32(column + 3),
        LinkCount = source.UInt32(column + 4),
        Device = source.UInt32(column + 5),
        Domain = new DomainId(source.UInt32(column + 6)),
        Placement = source.UInt32(column + 7),
        Flags = (InodeFlags)source.UInt32(column + 8),
        Size = source.Int64(column + 9),
        AllocatedBytes = source.Int64(column + 10),
        AccessTime = new Timestamp(source.Int64(column + 11)),
        ModifyTime = new Timestamp(source.Int64(column + 12)),
        ChangeTime = new Timestamp(source.Int64(column + 13)),
        BirthTime = new Timestamp(source.Int64(column + 14)),
    };

    // The columns after the one numbered last are the attributes from the version on.
    private static Statement BindRow(Statement statement, in InodeRow row, int last)
    {
        InodeAttributes inode = row.Attributes;
        return statement
            .Bind(1, inode.Id.Value)
            .Bind(2, row.Born)
            .Bind(last + 1, inode.Version)
            .Bind(last + 2, inode.Mode)
            .Bind(last + 3, inode.Uid)
            .Bind(last + 4, inode.Gid)
            .Bind(last + 5, inode.LinkCount)
            .Bind(last + 6, inode.Device)
            .Bind(last + 7, inode.Domain.Value)
            .Bind(last + 8, inode.Placement)
            .Bind(last + 9, (uint)inode.Flags)
            .Bind(last + 10, inode.Size)
            .Bind(last + 11, inode.AllocatedBytes)
            .Bind(last + 12, inode.AccessTime.Nanoseconds)
            .Bind(last + 13, inode.ModifyTime.Nanoseconds)
            .Bind(last + 14, inode.ChangeTime.Nanoseconds)
            .Bind(last + 15, inode.BirthTime.Nanoseconds);
    }

    private void Put(in InodeRow row)
    {
        Wait(row);
        _context.Changes.Inodes.Set(row.Attributes.Id.Value, row);
    }

    private void Wait(in InodeRow row)
    {
        _recent.Remove(row.Attributes.Id.Value);
        _waiting[row.Attributes.Id.Value] = row;
        if (_waiting.Count >= MaxWaiting)
        {
            Flush();
        }
    }

    private void KeepPast(in InodeRow old)
    {
        if (_context.IsShown(old.Born, _context.Epoch))
        {
            WritePast(old, _context.Epoch);
        }
    }

    private void WritePast(in InodeRow row, ulong died) => BindRow(_writePast, row, 3).Bind(3, died).Run();
}
