namespace HipaaFs.Metadata.Sqlite;

/// <summary>Lets a test decide that a step of the commit fails as a full or broken disk makes it fail.</summary>
internal sealed class SqliteFaults
{
    /// <summary>Asked before each COMMIT; answers the SQLite result code to fail with, 0 to go on.</summary>
    public Func<int>? BeforeCommit { get; set; }

    /// <summary>Asked before each operation of a batch is written; answers the SQLite result code to fail with, 0 to go on.</summary>
    public Func<int>? AfterOperation { get; set; }

    /// <summary>Asked before each fdatasync of the write-ahead log; true fails it.</summary>
    public Func<bool>? BeforeSync { get; set; }
}
