namespace HipaaFs.Storage;

/// <summary>The kinds of store a URL can name.</summary>
public enum StoreScheme
{
    /// <summary><c>file:///path</c>: a directory of this machine or a NAS path mounted on it.</summary>
    File,

    /// <summary><c>memory:</c>: this process's memory, gone with it. For tests.</summary>
    Memory,

    /// <summary><c>s3://bucket/prefix?endpoint=&amp;region=</c>.</summary>
    S3,

    /// <summary><c>azblob://account/container/prefix?endpoint=</c>.</summary>
    AzureBlob,
}
