namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>What every table of the live view shares: the epoch rows are born in, the changes of the batch.</summary>
internal sealed class BatchContext
{
    private readonly List<ulong> _snapshots = [];

    /// <summary>The number the next snapshot gets: what is written now is born in it.</summary>
    public ulong Epoch { get; set; } = 1;

    /// <summary>The snapshots that can be read, oldest first.</summary>
    public IReadOnlyList<ulong> Snapshots => _snapshots;

    /// <summary>Where the operation that is being applied, or done again, is in the order of changes.</summary>
    public CommitSequence Sequence { get; set; }

    public BatchChanges Changes { get; } = new();

    public bool HasSnapshot(SnapshotId id) => _snapshots.BinarySearch(id.Value) >= 0;

    /// <summary>Whether a snapshot shows a row that lived from one epoch until another.</summary>
    public bool IsShown(ulong born, ulong died)
    {
        int index = _snapshots.BinarySearch(died);
        int last = (index < 0 ? ~index : index) - 1;
        return last >= 0 && _snapshots[last] >= born;
    }

    public void AddSnapshot(SnapshotId id)
    {
        int index = _snapshots.BinarySearch(id.Value);
        if (index < 0)
        {
            _snapshots.Insert(~index, id.Value);
        }
    }

    public void RemoveSnapshot(SnapshotId id) => _snapshots.Remove(id.Value);

    public void SetSnapshots(List<SnapshotRow> oldestFirst)
    {
        _snapshots.Clear();
        foreach (SnapshotRow row in oldestFirst)
        {
            _snapshots.Add(row.Id.Value);
        }
    }
}
