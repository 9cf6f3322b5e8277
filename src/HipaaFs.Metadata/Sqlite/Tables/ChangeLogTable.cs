namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The change table: one row per commit, with everything the commit changed.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class ChangeLogTable : IDisposable
{
    private readonly Statement _write;
    private readonly Statement _trim;

    public ChangeLogTable(SqliteFile file)
    {
        _write = file.Prepare("INSERT INTO change VALUES (?, ?, ?)");
        _trim = file.Prepare("DELETE FROM change WHERE last <= ?");
    }

    public void Add(CommitSequence first, CommitSequence last, byte[] batch) =>
        _write.Bind(1, last.Value).Bind(2, first.Value).Bind(3, (ReadOnlySpan<byte>)batch).Run();

    public void Trim(CommitSequence upTo) => _trim.Bind(1, upTo.Value).Run();

    public void Dispose()
    {
        _write.Dispose();
        _trim.Dispose();
    }
}
