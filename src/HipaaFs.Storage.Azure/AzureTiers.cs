using Azure.Storage.Blobs.Models;

namespace HipaaFs.Storage.Azure;

/// <summary>Azure's access tiers in this product's words.</summary>
internal static class AzureTiers
{
    /// <summary>The tier of a name as look-ups and listings give it; none means the account's default, which is read at once.</summary>
    public static StorageTier TierOf(string? name) => name switch
    {
        "Cool" => StorageTier.Cool,
        "Cold" => StorageTier.Cold,
        "Archive" => StorageTier.Archive,
        _ => StorageTier.Hot,
    };

    /// <summary>Azure's tier.</summary>
    public static AccessTier Of(StorageTier tier) => tier switch
    {
        StorageTier.Cool => AccessTier.Cool,
        StorageTier.Cold => AccessTier.Cold,
        StorageTier.Archive => AccessTier.Archive,
        _ => AccessTier.Hot,
    };
}
