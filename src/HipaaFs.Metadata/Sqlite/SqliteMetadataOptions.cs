namespace HipaaFs.Metadata.Sqlite;

/// <summary>Where the embedded metadata database lives and how it behaves.</summary>
public sealed record SqliteMetadataOptions
{
    /// <summary>Name of the database file in its directory.</summary>
    public const string FileName = "metadata.db";

    /// <summary>Directory of the database, on a local file system. Must exist. The file is created with mode 0600.</summary>
    public required string Directory { get; init; }

    /// <summary>File that reserves room, given up when the disk is full so that the open batch can still be written. Default null: none.</summary>
    public string? BallastPath { get; init; }

    /// <summary>Size of the ballast file in bytes. Default 64 MiB.</summary>
    public long BallastBytes { get; init; } = 64L << 20;

    /// <summary>Most bytes of database pages kept in memory. Default 16 MiB.</summary>
    public long CacheBytes { get; init; } = 16L << 20;

    /// <summary>Inode rows kept in memory, about 160 bytes each. Default 16,384.</summary>
    public int CachedInodes { get; init; } = 16_384;

    /// <summary>Longest time an applied operation waits until it is committed and durable by itself. Default 200 ms.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Operations after which a batch is committed without waiting. Default 10,000.</summary>
    public int MaxBatchOperations { get; init; } = 10_000;

    /// <summary>Size of the write-ahead log from which on it is copied into the database. Default 16 MiB.</summary>
    public long CheckpointBytes { get; init; } = 16L << 20;

    /// <summary>Whether changes are refused. Nobody else may make any while the store is open either: rows are kept in memory. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether a database that is missing or empty is an error, and nothing is made in its place. Default false.</summary>
    public bool MustExist { get; init; }

    /// <summary>Failures that tests bring about. Null in production.</summary>
    internal SqliteFaults? Faults { get; init; }

    /// <summary>Whether the connection knows its statements, for tests that count what they do. Default false.</summary>
    internal bool KnowsStatements { get; init; }
}
