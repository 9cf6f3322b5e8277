using HipaaFs.Metadata;

namespace HipaaFs.Testing.Metadata;

/// <summary>A table that keeps, beside its rows, those that snapshots show.</summary>
internal sealed class MemoryHistoryTable<TKey, T> : MemoryTable<TKey, MemoryRow<T>>
    where TKey : notnull
{
    private readonly Func<ulong> _epoch;
    private readonly Func<ulong, ulong, bool> _isShown;
    private readonly SortedDictionary<(TKey Key, ulong Born), (MemoryRow<T> Row, ulong Died)> _past = [];

    public MemoryHistoryTable(Func<ulong> epoch, Func<ulong, ulong, bool> isShown)
    {
        _epoch = epoch;
        _isShown = isShown;
    }

    private readonly SortedSet<(TKey Key, ulong Born)> _movedPast = [];

    public IEnumerable<(TKey Key, MemoryRow<T> Row, ulong Died)> Past => _past.Select(past => (past.Key.Key, past.Value.Row, past.Value.Died));

    public override void Set(TKey key, MemoryRow<T> row)
    {
        if (Find(key) is { } old && old.Born != row.Born)
        {
            SetPast(key, old, _epoch());
        }

        base.Set(key, row);
    }

    public override void Remove(TKey key)
    {
        if (Find(key) is { } old)
        {
            SetPast(key, old, _epoch());
        }

        base.Remove(key);
    }

    /// <summary>Keeps a row that died, when a snapshot shows it; else what is kept of that birth goes.</summary>
    public void SetPast(TKey key, MemoryRow<T> row, ulong died)
    {
        if (_isShown(row.Born, died))
        {
            _past[(key, row.Born)] = (row, died);
        }
        else
        {
            _past.Remove((key, row.Born));
        }
    }

    /// <summary>Gives a past row another content, or adds a part of one: the same history told otherwise.</summary>
    public void MovePast(TKey key, MemoryRow<T> row, ulong died)
    {
        _past[(key, row.Born)] = (row, died);
        _movedPast.Add((key, row.Born));
    }

    /// <summary>Answers the past rows that were moved, and begins anew.</summary>
    public List<(MemoryRow<T> Row, TKey Key, ulong Died)> TakeMovedPast()
    {
        List<(MemoryRow<T> Row, TKey Key, ulong Died)> moved = _movedPast
            .Where(_past.ContainsKey)
            .Select(key => (_past[key].Row, key.Key, _past[key].Died))
            .ToList();
        _movedPast.Clear();
        return moved;
    }

    /// <summary>Drops what no snapshot shows any more.</summary>
    public void Purge()
    {
        foreach (var past in _past.Where(past => !_isShown(past.Value.Row.Born, past.Value.Died)).ToList())
        {
            _past.Remove(past.Key);
        }
    }

    /// <summary>The rows a snapshot shows.</summary>
    public void CopyShown(SnapshotId snapshot, MemoryTable<TKey, MemoryRow<T>> into)
    {
        foreach ((TKey key, MemoryRow<T> row) in Rows.Where(row => row.Value.Born <= snapshot.Value))
        {
            into.Set(key, row);
        }

        foreach ((TKey key, MemoryRow<T> row, ulong died) in Past.Where(past => past.Row.Born <= snapshot.Value && past.Died > snapshot.Value))
        {
            into.Set(key, row);
        }
    }
}
