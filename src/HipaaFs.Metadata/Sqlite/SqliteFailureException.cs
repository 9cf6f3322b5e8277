using static SQLitePCL.raw;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>A result code that SQLite answers when the disk, the file or the program is at fault.</summary>
internal sealed class SqliteFailureException : IOException
{
    public SqliteFailureException(int code, string message)
        : base(message) => Code = code & 0xFF;

    /// <summary>The primary result code.</summary>
    public int Code { get; }

    /// <summary>Whether room is what was missing.</summary>
    public bool IsFull => Code == SQLITE_FULL;
}
