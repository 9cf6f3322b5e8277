using SQLitePCL;
using static SQLitePCL.raw;

namespace HipaaFs.Metadata.Tests;

/// <summary>What SQLite did for the statements of one connection.</summary>
/// <param name="Steps">Instructions executed.</param>
/// <param name="Pages">Database pages looked at.</param>
/// <param name="Scanned">Rows met in scans of whole tables.</param>
/// <param name="Sorted">Sorts done.</param>
internal readonly record struct StatementCost(long Steps, long Pages, long Scanned, long Sorted)
{
    /// <summary>Answers what was done since it was last asked. The connection must know its statements.</summary>
    public static StatementCost Take(sqlite3 connection)
    {
        var cost = new StatementCost(0, 0, 0, 0);
        for (sqlite3_stmt? statement = sqlite3_next_stmt(connection, null); statement is not null; statement = sqlite3_next_stmt(connection, statement))
        {
            cost = new StatementCost(
                cost.Steps + sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1),
                0,
                cost.Scanned + sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1),
                cost.Sorted + sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 1));
        }

        _ = sqlite3_db_status(connection, SQLITE_DBSTATUS_CACHE_HIT, out int hits, out _, 1);
        _ = sqlite3_db_status(connection, SQLITE_DBSTATUS_CACHE_MISS, out int misses, out _, 1);
        return cost with { Pages = hits + misses };
    }
}
