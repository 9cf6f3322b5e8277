using System.Buffers.Binary;
using HipaaFs.Crypto;
using SQLitePCL;
using static SQLitePCL.raw;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>One prepared statement that is used many times. Parameters and columns are counted as SQLite counts them: from 1, from 0.</summary>
/// <remarks>Not thread-safe. A statement that answered a row must be reset before its connection can finish a transaction.</remarks>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public Statement(sqlite3 database, string sql)
    {
        _database = database;
        int code = sqlite3_prepare_v3(database, sql, SQLITE_PREPARE_PERSISTENT, out _statement);
        if (code != SQLITE_OK)
        {
            throw Failure(code);
        }
    }

    public Statement Bind(int index, long value)
    {
        _ = sqlite3_bind_int64(_statement, index, value);
        return this;
    }

    public Statement Bind(int index, uint value) => Bind(index, (long)value);

    public Statement Bind(int index, ulong value) => Bind(index, (long)value);

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        // An empty span would bind NULL.
        int code = value.IsEmpty
            ? sqlite3_bind_zeroblob(_statement, index, 0)
            : sqlite3_bind_blob(_statement, index, value);
        return code == SQLITE_OK ? this : throw Failure(code);
    }

    public Statement Bind(int index, NameTag tag) => Bind(index, tag.Value);

    public Statement Bind(int index, UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return Bind(index, bytes);
    }

    public Statement Bind(int index, string value)
    {
        _ = sqlite3_bind_text(_statement, index, value);
        return this;
    }

    public Statement BindNull(int index)
    {
        _ = sqlite3_bind_null(_statement, index);
        return this;
    }

    /// <summary>Goes to the next row. Without one the statement is reset.</summary>
    public bool Step()
    {
        int code = sqlite3_step(_statement);
        if (code == SQLITE_ROW)
        {
            return true;
        }

        if (code == SQLITE_DONE)
        {
            _ = sqlite3_reset(_statement);
            return false;
        }

        SqliteFailureException failure = Failure(code);
        _ = sqlite3_reset(_statement);
        throw failure;
    }

    /// <summary>Runs a statement that answers no rows.</summary>
    public void Run()
    {
        if (Step())
        {
            Reset();
        }
    }

    public void Reset() => _ = sqlite3_reset(_statement);

    public long Int64(int column) => sqlite3_column_int64(_statement, column);

    public ulong UInt64(int column) => (ulong)sqlite3_column_int64(_statement, column);

    public uint UInt32(int column) => (uint)sqlite3_column_int64(_statement, column);

    public bool IsNull(int column) => sqlite3_column_type(_statement, column) == SQLITE_NULL;

    public byte[] Bytes(int column) => sqlite3_column_blob(_statement, column).ToArray();

    public UInt128 UInt128(int column)
    {
        ReadOnlySpan<byte> bytes = sqlite3_column_blob(_statement, column);
        return bytes.Length == 16
            ? BinaryPrimitives.ReadUInt128BigEndian(bytes)
            : throw new SqliteFailureException(SQLITE_CORRUPT, "an identifier has a wrong length");
    }

    public string Text(int column) => sqlite3_column_text(_statement, column).utf8_to_string() ?? string.Empty;

    public void Dispose() => _statement.Dispose();

    private SqliteFailureException Failure(int code) =>
        new(code, $"{sqlite3_errstr(code).utf8_to_string()}: {sqlite3_errmsg(_database).utf8_to_string()}");
}
