using HipaaFs.Metadata.Changes;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The snapshots, those that are deleted while rows only they showed are still there, and the next snapshot's number.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class SnapshotTable : IDisposable
{
    private readonly BatchContext _context;
    private readonly VolumeTable _volume;
    private readonly Statement _select;
    private readonly Statement _write;
    private readonly Statement _delete;
    private readonly Statement _selectGone;
    private readonly Statement _writeGone;
    private readonly Statement _deleteGone;
    private readonly List<ulong> _gone = [];

    public SnapshotTable(SqliteFile file, BatchContext context, VolumeTable volume)
    {
        _context = context;
        _volume = volume;
        _select = file.Prepare("SELECT id, created, label FROM snapshot ORDER BY id");
        _write = file.Prepare("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)");
        _delete = file.Prepare("DELETE FROM snapshot WHERE id = ?");
        _selectGone = file.Prepare("SELECT id FROM snapshot_gone ORDER BY id");
        _writeGone = file.Prepare("INSERT OR REPLACE INTO snapshot_gone VALUES (?)");
        _deleteGone = file.Prepare("DELETE FROM snapshot_gone WHERE id = ?");
    }

    /// <summary>Deleted snapshots with rows left, oldest first.</summary>
    public IReadOnlyList<ulong> Gone => _gone;

    public List<SnapshotRow> List()
    {
        var rows = new List<SnapshotRow>();
        while (_select.Step())
        {
            rows.Add(new SnapshotRow(new SnapshotId(_select.UInt64(0)), new Timestamp(_select.Int64(1)), _select.Bytes(2)));
        }

        return rows;
    }

    public void Put(in SnapshotRow row)
    {
        Load(row);
        _context.Changes.Snapshots.Set(row.Id.Value, row);
        _context.Changes.Counters.Set(
            (uint)VolumeCounter.NextSnapshot, new CounterRow(VolumeCounter.NextSnapshot, _context.Epoch));
    }

    /// <summary>Writes a row as another store had it.</summary>
    public void Load(in SnapshotRow row)
    {
        _write.Bind(1, row.Id.Value).Bind(2, row.Created.Nanoseconds).Bind(3, row.Label.Span).Run();
        _context.AddSnapshot(row.Id);
        RaiseNext(row.Id.Value + 1);
    }

    /// <summary>Makes sure that no snapshot gets a number below this one.</summary>
    public void RaiseNext(ulong next)
    {
        if (next > _context.Epoch)
        {
            _context.Epoch = next;
        }

        _volume.Put(StoredCounter.NextSnapshot, _context.Epoch);
    }

    /// <summary>Ends a snapshot. What only it showed is to be purged.</summary>
    public void Delete(SnapshotId id)
    {
        _delete.Bind(1, id.Value).Run();
        _writeGone.Bind(1, id.Value).Run();
        _gone.Add(id.Value);
        _context.RemoveSnapshot(id);
        _context.Changes.Snapshots.Remove(id.Value, new SnapshotRow(id, default, default));
    }

    /// <summary>Notes that nothing is left of a deleted snapshot.</summary>
    public void Forget(ulong gone)
    {
        _deleteGone.Bind(1, gone).Run();
        _gone.Remove(gone);
    }

    /// <summary>Reads what is kept in memory, at the start and after a rollback.</summary>
    public void Recall()
    {
        List<SnapshotRow> rows = List();
        _context.SetSnapshots(rows);
        ulong newest = rows.Count == 0 ? 0 : rows[^1].Id.Value;
        _context.Epoch = Math.Max(newest + 1, _volume.Get(StoredCounter.NextSnapshot));
        _gone.Clear();
        while (_selectGone.Step())
        {
            _gone.Add(_selectGone.UInt64(0));
        }
    }

    public void Dispose()
    {
        _select.Dispose();
        _write.Dispose();
        _delete.Dispose();
        _selectGone.Dispose();
        _writeGone.Dispose();
        _deleteGone.Dispose();
    }
}
