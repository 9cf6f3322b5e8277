using Azure.Storage.Blobs;

namespace HipaaFs.Storage.Azure;

/// <summary>How objects travel to a container.</summary>
public sealed record AzureStoreOptions
{
    /// <summary>See <see cref="StoreOptions.ForeignKeys"/>. Default false.</summary>
    public bool ForeignKeys { get; init; }

    /// <summary>A file up to this many bytes goes up in one request, a longer one in blocks. Default 32 MiB.</summary>
    public long LongestSinglePut { get; init; } = 32L << 20;

    /// <summary>Bytes of a block; the last one may be shorter. Default 16 MiB.</summary>
    public long BlockLength { get; init; } = 16L << 20;

    /// <summary>Blocks of objects under way at a time. Default 8: two objects of 64 MiB.</summary>
    public int ParallelBlocks { get; init; } = 8;

    /// <summary>Connections to the server at a time. Default 64.</summary>
    public int MaxConnections { get; init; } = 64;

    /// <summary>How long to wait for a connection. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The version of the protocol. Default: an old one that emulators and appliances know as well.</summary>
    public BlobClientOptions.ServiceVersion Version { get; init; } = BlobClientOptions.ServiceVersion.V2023_01_03;
}
