namespace HipaaFs.Testing.Metadata;

/// <summary>Rows in the order of their keys, and which of them changed since the last commit.</summary>
internal class MemoryTable<TKey, TRow>
    where TKey : notnull
    where TRow : struct
{
    private readonly SortedDictionary<TKey, TRow> _rows = [];
    private readonly SortedSet<TKey> _dirty = [];

    public IEnumerable<KeyValuePair<TKey, TRow>> Rows => _rows;

    public TRow? Find(TKey key) => _rows.TryGetValue(key, out TRow row) ? row : null;

    public virtual void Set(TKey key, TRow row)
    {
        _rows[key] = row;
        _dirty.Add(key);
    }

    public virtual void Remove(TKey key)
    {
        _rows.Remove(key);
        _dirty.Add(key);
    }

    /// <summary>Answers the changed keys with their rows, null for those that are gone, and begins anew.</summary>
    public List<(TKey Key, TRow? Row)> TakeChanges()
    {
        List<(TKey Key, TRow? Row)> changes = _dirty.Select(key => (key, Find(key))).ToList();
        _dirty.Clear();
        return changes;
    }
}
