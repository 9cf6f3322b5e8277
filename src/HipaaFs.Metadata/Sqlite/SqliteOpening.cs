using HipaaFs.Metadata.Sqlite.Tables;
using HipaaFs.Platform;
using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>What an open store stands on, and the steps that lead there.</summary>
internal sealed class SqliteOpening
{
    private const int NoSpaceErrno = 28;

    private SqliteOpening(SqliteMetadataOptions options)
    {
        Options = options;
        Path = System.IO.Path.Combine(options.Directory, SqliteMetadataOptions.FileName);
    }

    public SqliteMetadataOptions Options { get; }

    public string Path { get; }

    public SqliteFile File { get; private set; } = null!;

    public LiveTables Tables { get; private set; } = null!;

    public SqliteFile? Checkpointer { get; private set; }

    public WriteAheadLog? Log { get; private set; }

    /// <summary>Opens everything or nothing.</summary>
    public static SqliteOpenError TryOpen(SqliteMetadataOptions options, out SqliteOpening? opened, out string detail)
    {
        opened = null;
        detail = string.Empty;
        var opening = new SqliteOpening(options);
        try
        {
            SqliteOpenError error = opening.Open();
            if (error != SqliteOpenError.None)
            {
                opening.Close();
                detail = error == SqliteOpenError.Missing ? $"{SqliteMetadataOptions.FileName} is missing or empty" : $"schema newer than {Schema.Version}";
                return error;
            }

            opened = opening;
            return SqliteOpenError.None;
        }
        catch (SqliteFailureException failure)
        {
            opening.Close();
            detail = failure.Message;
            return ErrorOf(failure.Code);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            opening.Close();
            detail = exception.Message;
            return exception.HResult == NoSpaceErrno ? SqliteOpenError.DiskFull : SqliteOpenError.Unreadable;
        }
    }

    private static SqliteOpenError ErrorOf(int code) => code switch
    {
        SQLITE_NOTADB or SQLITE_CORRUPT or SQLITE_ERROR => SqliteOpenError.Damaged,
        SQLITE_FULL => SqliteOpenError.DiskFull,
        SQLITE_BUSY or SQLITE_LOCKED => SqliteOpenError.Locked,
        _ => SqliteOpenError.Unreadable,
    };

    private SqliteOpenError Open()
    {
        // Before SQLite looks at it: it would take an empty file for a new database, and delete the log that may still hold everything.
        if (Options.MustExist && (!System.IO.File.Exists(Path) || new FileInfo(Path).Length == 0))
        {
            return SqliteOpenError.Missing;
        }

        if (Options.ReadOnly)
        {
            return OpenToRead();
        }

        CreateFile();
        WriteAheadLog.Renew(Path);
        File = SqliteFile.Open(Path, SqliteOpenMode.ReadWrite, Options.CacheBytes);
        if (Options.KnowsStatements)
        {
            File.Handle.enable_sqlite3_next_stmt(true);
        }

        Schema.Recognise(File);
        if (File.QueryInt64("PRAGMA user_version") > Schema.Version)
        {
            return SqliteOpenError.NewerSchema;
        }

        if (Options.MustExist && File.QueryInt64("PRAGMA user_version") == 0)
        {
            return SqliteOpenError.Missing;
        }

        // page_size counts only before the first page is written. The log is ours to sync and to copy.
        File.Execute($"PRAGMA page_size = {SqliteFile.PageSize}");
        if (File.QueryText("PRAGMA journal_mode = WAL") != "wal")
        {
            throw new SqliteFailureException(SQLITE_CANTOPEN, "the file system does not allow write-ahead logging");
        }

        File.Execute($"""
            PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = OFF;
            PRAGMA journal_size_limit = {Options.CheckpointBytes * 4}
            """);
        Schema.Migrate(File);
        Tables = new LiveTables(File, Options.CachedInodes);
        StartLog();
        return SqliteOpenError.None;
    }

    private SqliteOpenError OpenToRead()
    {
        File = SqliteFile.Open(Path, SqliteOpenMode.ReadOnly, Options.CacheBytes);
        Schema.Recognise(File);
        if (File.QueryInt64("PRAGMA user_version") > Schema.Version)
        {
            return SqliteOpenError.NewerSchema;
        }

        if (Options.MustExist && File.QueryInt64("PRAGMA user_version") == 0)
        {
            return SqliteOpenError.Missing;
        }

        if (File.QueryInt64("PRAGMA user_version") < Schema.Version)
        {
            throw new SqliteFailureException(SQLITE_READONLY, "an older schema is brought up to date when the volume is mounted for writing");
        }

        Tables = new LiveTables(File, Options.CachedInodes);
        return SqliteOpenError.None;
    }

    // Before SQLite opens it: SQLite would create it with the mode the umask leaves.
    private void CreateFile()
    {
        if (!System.IO.File.Exists(Path))
        {
            DurableFile.CreatePrivate(Path).Dispose();
        }
    }

    // A first small commit makes SQLite create the log; then its name is made durable with that of the database.
    private void StartLog()
    {
        File.Execute("BEGIN IMMEDIATE");
        Tables.Volume.Put(StoredCounter.Sequence, Tables.Volume.Get(StoredCounter.Sequence));
        File.Execute("COMMIT");
        Log = new WriteAheadLog(Path, Options.Faults);
        DurableFile.SyncDirectory(Options.Directory);
        Checkpointer = SqliteFile.Open(Path, SqliteOpenMode.ReadWrite, cacheBytes: 256 << 10);
        Checkpointer.Execute("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
    }

    private void Close()
    {
        Tables?.Dispose();
        Checkpointer?.Dispose();
        File?.TryRollback();
        File?.Dispose();
        Log?.Dispose();
    }
}
