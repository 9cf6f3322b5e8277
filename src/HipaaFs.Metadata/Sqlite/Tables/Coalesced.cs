namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The last state of each row of one table that a batch changed.</summary>
internal sealed class Coalesced<TKey, TRow>
    where TKey : notnull
{
    private const int MaxKeptCapacity = 65_536;

    private readonly Dictionary<TKey, Last> _rows = [];

    public int Count => _rows.Count;

    public void Set(TKey key, in TRow row) => _rows[key] = new Last(row, false);

    /// <summary>Notes that a row is gone; of <paramref name="row"/> only the key counts.</summary>
    public void Remove(TKey key, in TRow row) => _rows[key] = new Last(row, true);

    public bool IsGone(TKey key) => _rows.TryGetValue(key, out Last last) && last.Gone;

    public Dictionary<TKey, Last>.ValueCollection.Enumerator GetEnumerator() => _rows.Values.GetEnumerator();

    public void Clear()
    {
        _rows.Clear();
        if (_rows.Capacity > MaxKeptCapacity)
        {
            _rows.TrimExcess(0);
        }
    }

    /// <summary>What became of a row.</summary>
    internal readonly record struct Last(TRow Row, bool Gone);
}
