using static SQLitePCL.raw;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>A result code that SQLite answers when the disk, the file or the program is at fault.</summary>
internal sealed class SqliteFailureException : Exception
{
    public SqliteFailureException(int code, string message)
        : base(message) => Code = code & 0xFF;

    /// <summary>The primary result code.</summary>
    public int Code { get; }

    /// <summary>Whether room is what was missing.</summary>
    public bool IsFull => Code == SQLITE_FULL;

    /// <summary>Whether rolling back and writing again may succeed.</summary>
    public bool MayPass => Code is SQLITE_FULL or SQLITE_IOERR or SQLITE_NOMEM or SQLITE_BUSY;
}
