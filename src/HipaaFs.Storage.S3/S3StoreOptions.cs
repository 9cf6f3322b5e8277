namespace HipaaFs.Storage.S3;

/// <summary>How objects travel to a bucket.</summary>
public sealed record S3StoreOptions
{
    /// <summary>See <see cref="StoreOptions.ForeignKeys"/>. Default false.</summary>
    public bool ForeignKeys { get; init; }

    /// <summary>A file up to this many bytes goes up in one request, a longer one in parts. Default 32 MiB.</summary>
    public long LongestSinglePut { get; init; } = 32L << 20;

    /// <summary>Bytes of a part; the last one may be shorter. At least 5 MiB, which is S3's minimum. Default 16 MiB.</summary>
    public long PartLength { get; init; } = 16L << 20;

    /// <summary>Parts of objects under way at a time. Default 8: two objects of 64 MiB.</summary>
    public int ParallelParts { get; init; } = 8;

    /// <summary>Connections to the server at a time. Default 64.</summary>
    public int MaxConnections { get; init; } = 64;

    /// <summary>How long to wait for a connection. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Unfinished uploads under the store's prefix that are older than this are nobody's and are aborted, when the first part is sent and twice as often as they age from then on. Default a day.</summary>
    public TimeSpan AbandonedUploadAge { get; init; } = TimeSpan.FromDays(1);
}
