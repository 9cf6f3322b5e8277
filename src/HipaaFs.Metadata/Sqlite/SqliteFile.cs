using Microsoft.Data.Sqlite;
using SQLitePCL;
using static SQLitePCL.raw;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>One connection to the database file.</summary>
/// <remarks>
/// Nothing but SQLite may open the database or its -shm file: closing any descriptor of them drops the POSIX locks that
/// SQLite holds for the whole process (fcntl(2)).
/// </remarks>
internal sealed class SqliteFile : IDisposable
{
    /// <summary>Size of a database page, set when the database is made.</summary>
    public const int PageSize = 8192;

    private readonly SqliteConnection _connection;

    private SqliteFile(SqliteConnection connection) => _connection = connection;

    public sqlite3 Handle => _connection.Handle!;

    /// <summary>Bytes this connection has written to the write-ahead log since <see cref="ResetBytesWritten"/>.</summary>
    public long BytesWritten
    {
        get
        {
            _ = sqlite3_db_status(Handle, SQLITE_DBSTATUS_CACHE_WRITE, out int pages, out _, 0);
            return (long)pages * PageSize;
        }
    }

    public static SqliteFile Open(string path, SqliteOpenMode mode, long cacheBytes)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw new SqliteFailureException(exception.SqliteErrorCode, exception.Message);
        }

        var file = new SqliteFile(connection);
        _ = sqlite3_busy_timeout(file.Handle, 1000);
        try
        {
            file.Execute($"PRAGMA cache_size = -{Math.Max(cacheBytes / 1024, 256)}; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY");
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return file;
    }

    public Statement Prepare(string sql) => new(Handle, sql);

    /// <summary>Runs statements that answer nothing of interest.</summary>
    public void Execute(string sql)
    {
        int code = sqlite3_exec(Handle, sql);
        if (code != SQLITE_OK)
        {
            throw new SqliteFailureException(code, sqlite3_errmsg(Handle).utf8_to_string() ?? string.Empty);
        }
    }

    /// <summary>Runs a statement that answers one number; 0 when it answers no row.</summary>
    public long QueryInt64(string sql)
    {
        using Statement statement = Prepare(sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    /// <summary>Runs a statement that answers one text.</summary>
    public string QueryText(string sql)
    {
        using Statement statement = Prepare(sql);
        return statement.Step() ? statement.Text(0) : string.Empty;
    }

    /// <summary>Rolls back if a transaction is open; SQLite ends it by itself after some errors.</summary>
    public void TryRollback()
    {
        if (sqlite3_get_autocommit(Handle) == 0)
        {
            _ = sqlite3_exec(Handle, "ROLLBACK");
        }
    }

    /// <summary>Copies as much of the write-ahead log into the database as readers allow.</summary>
    public void Checkpoint()
    {
        int code = sqlite3_wal_checkpoint_v2(Handle, "main", SQLITE_CHECKPOINT_PASSIVE, out _, out _);
        if (code is not (SQLITE_OK or SQLITE_BUSY))
        {
            throw new SqliteFailureException(code, sqlite3_errmsg(Handle).utf8_to_string() ?? string.Empty);
        }
    }

    /// <summary>Begins to count anew.</summary>
    public void ResetBytesWritten() => _ = sqlite3_db_status(Handle, SQLITE_DBSTATUS_CACHE_WRITE, out _, out _, 1);

    public void Dispose() => _connection.Dispose();
}
