using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Removes, in slices, the past rows that only deleted snapshots showed.</summary>
/// <remarks>
/// Between the neighbours P and N that a deleted snapshot S has among those that are left, a past row with P &lt; born and
/// S &lt; died &lt;= N is one that nobody shows. A slice finds such rows by the epochs they died in, so its cost follows what it
/// deletes and the number of epochs, not the history there is. Nothing of it is in the redo list: after a rollback the snapshot
/// is still noted as deleted, and the slice is done again.
/// </remarks>
internal sealed class HistoryRemoval
{
    /// <summary>Rows that one slice deletes at most.</summary>
    public const int SliceRows = 5_000;

    private readonly LiveTables _tables;

    public HistoryRemoval(LiveTables tables) => _tables = tables;

    /// <summary>Deletes one slice of what one deleted snapshot left.</summary>
    public void PurgeSlice()
    {
        if (_tables.Snapshots.Gone.Count == 0)
        {
            return;
        }

        ulong gone = _tables.Snapshots.Gone[0];
        ulong before = 0;
        ulong after = long.MaxValue;
        foreach (ulong left in _tables.Context.Snapshots)
        {
            if (left < gone)
            {
                before = left;
            }
            else
            {
                after = left;
                break;
            }
        }

        if (_tables.Past.Delete(before, gone, after, SliceRows) < SliceRows)
        {
            _tables.Snapshots.Forget(gone);
        }
    }
}
