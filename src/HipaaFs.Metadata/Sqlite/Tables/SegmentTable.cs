using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The table of segments.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class SegmentTable : IDisposable
{
    /// <summary>The columns in the order <see cref="Read"/> expects.</summary>
    public const string Columns = "id, epoch, domain, class, state, plain_length, object_length, created, changed, placement, condemned, copies";

    private readonly BatchContext _context;
    private readonly Statement _select;
    private readonly Statement _selectState;
    private readonly Statement _selectStateAfter;
    private readonly Statement _write;
    private readonly Statement _delete;
    private SegmentId? _lastUsable;

    public SegmentTable(SqliteFile file, BatchContext context)
    {
        _context = context;
        _select = file.Prepare($"SELECT {Columns} FROM segment WHERE id = ?");
        _selectState = file.Prepare($"SELECT {Columns} FROM segment WHERE state = ? ORDER BY id LIMIT ?");
        _selectStateAfter = file.Prepare($"SELECT {Columns} FROM segment WHERE state = ? AND id > ? ORDER BY id LIMIT ?");
        // No REPLACE: it deletes without the trigger that counts.
        _write = file.Prepare($"""
            INSERT INTO segment ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
                epoch = excluded.epoch, domain = excluded.domain, class = excluded.class, state = excluded.state,
                plain_length = excluded.plain_length, object_length = excluded.object_length, created = excluded.created,
                changed = excluded.changed, placement = excluded.placement, condemned = excluded.condemned, copies = excluded.copies
            """);
        _delete = file.Prepare("DELETE FROM segment WHERE id = ?");
    }

    public bool TryGet(SegmentId id, out SegmentRow row)
    {
        bool found = _select.Bind(1, id.Value).Step();
        row = found ? Read(_select) : default;
        _select.Reset();
        return found;
    }

    /// <summary>Whether extents may refer to a segment: it is known, and staged or live.</summary>
    public bool IsUsable(SegmentId id)
    {
        // Writes mostly name the segment that the write before named.
        if (_lastUsable == id)
        {
            return true;
        }

        bool usable = TryGet(id, out SegmentRow row) && row.State is SegmentState.Staged or SegmentState.Live;
        if (usable)
        {
            _lastUsable = id;
        }

        return usable;
    }

    public List<SegmentRow> List(SegmentState state, SegmentId? after, int limit)
    {
        Statement select = after is { } id
            ? _selectStateAfter.Bind(1, (long)state).Bind(2, id.Value).Bind(3, limit)
            : _selectState.Bind(1, (long)state).Bind(2, limit);
        var rows = new List<SegmentRow>();
        while (select.Step())
        {
            rows.Add(Read(select));
        }

        return rows;
    }

    public void Put(in SegmentRow row)
    {
        Load(row);
        _context.Changes.Segments.Set(row.Id.Value, row);
    }

    public void Delete(in SegmentRow row)
    {
        _lastUsable = null;
        _delete.Bind(1, row.Id.Value).Run();
        _context.Changes.Segments.Remove(row.Id.Value, row);
    }

    /// <summary>Writes a row as another store had it.</summary>
    public void Load(in SegmentRow row)
    {
        _lastUsable = null;
        _write
            .Bind(1, row.Id.Value)
            .Bind(2, row.Epoch.Value)
            .Bind(3, row.Domain.Value)
            .Bind(4, (long)row.Class)
            .Bind(5, (long)row.State)
            .Bind(6, row.PlaintextLength)
            .Bind(7, row.ObjectLength)
            .Bind(8, row.Created.Nanoseconds)
            .Bind(9, row.Changed.Nanoseconds)
            .Bind(10, row.Placement)
            .Bind(11, row.Condemned.Value)
            .Bind(12, row.Copies)
            .Run();
    }

    /// <summary>Drops everything in memory, after a rollback.</summary>
    public void Forget() => _lastUsable = null;

    public void Dispose()
    {
        _select.Dispose();
        _selectState.Dispose();
        _selectStateAfter.Dispose();
        _write.Dispose();
        _delete.Dispose();
    }

    /// <summary>Reads a row whose columns are <see cref="Columns"/>.</summary>
    public static SegmentRow Read(Statement source) => new()
    {
        Id = new SegmentId(source.UInt128(0)),
        Epoch = new EpochId(source.UInt128(1)),
        Domain = new DomainId(source.UInt32(2)),
        Class = (RecordClass)source.Int64(3),
        State = (SegmentState)source.Int64(4),
        PlaintextLength = source.Int64(5),
        ObjectLength = source.Int64(6),
        Created = new Timestamp(source.Int64(7)),
        Changed = new Timestamp(source.Int64(8)),
        Placement = source.UInt32(9),
        Condemned = new CommitSequence(source.UInt64(10)),
        Copies = source.UInt64(11),
    };
}
