using HipaaFs.Storage;
using HipaaFs.Storage.Azure;
using HipaaFs.Storage.S3;

namespace HipaaFs.Cli.Volumes;

/// <summary>The kinds of store that this program is built with.</summary>
internal static class KnownStores
{
    /// <summary>Opens any of them.</summary>
    public static ObjectStores All { get; } = new(new Dictionary<StoreScheme, StoreAdapter>
    {
        [StoreScheme.AzureBlob] = static (url, options, _, _) => AzureObjectStore.Open(url, new AzureStoreOptions { ForeignKeys = options.ForeignKeys }),
        [StoreScheme.S3] = static (url, options, time, logger) => S3ObjectStore.Open(url, new S3StoreOptions { ForeignKeys = options.ForeignKeys }, time, logger),
    });
}
