namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>Keeps the rows used of late, between half and all of a number of them.</summary>
/// <remarks>Two generations: what is used moves to the young one; when that is full it becomes the old one, and the old one is dropped. Not thread-safe.</remarks>
internal sealed class RecentRows<TRow>
    where TRow : struct
{
    private readonly int _generationSize;
    private Dictionary<ulong, TRow> _young = [];
    private Dictionary<ulong, TRow> _old = [];

    public RecentRows(int capacity) => _generationSize = Math.Max(capacity / 2, 16);

    public bool TryGet(ulong key, out TRow row)
    {
        if (_young.TryGetValue(key, out row))
        {
            return true;
        }

        if (!_old.Remove(key, out row))
        {
            return false;
        }

        Set(key, row);
        return true;
    }

    public void Set(ulong key, in TRow row)
    {
        if (_young.Count >= _generationSize && !_young.ContainsKey(key))
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
        }

        _young[key] = row;
    }

    public void Remove(ulong key)
    {
        _young.Remove(key);
        _old.Remove(key);
    }

    public void Clear()
    {
        _young.Clear();
        _old.Clear();
    }
}
