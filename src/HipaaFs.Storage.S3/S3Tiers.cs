using Amazon.S3;

namespace HipaaFs.Storage.S3;

/// <summary>S3's storage classes in this product's words.</summary>
internal static class S3Tiers
{
    /// <summary>The tier of a class, as a listing or a look-up names it; no name means the standard class.</summary>
    public static StorageTier TierOf(string? storageClass) => storageClass switch
    {
        "STANDARD_IA" or "ONEZONE_IA" or "NEARLINE" => StorageTier.Cool,
        "GLACIER_IR" or "COLDLINE" or "ARCHIVE" => StorageTier.Cold, // Google's ARCHIVE is read at once.
        "GLACIER" or "DEEP_ARCHIVE" => StorageTier.Archive,
        _ => StorageTier.Hot,
    };

    /// <summary>Whether objects of an archive class can be restored within minutes.</summary>
    public static bool HasExpeditedRestores(string? storageClass) => storageClass != "DEEP_ARCHIVE";

    /// <summary>The class for a tier.</summary>
    /// <param name="tier">The tier.</param>
    /// <param name="archiveClass">The class that stands for the archive: GLACIER or DEEP_ARCHIVE.</param>
    public static S3StorageClass ClassOf(StorageTier tier, string archiveClass) => tier switch
    {
        StorageTier.Cool => S3StorageClass.StandardInfrequentAccess,
        StorageTier.Cold => S3StorageClass.GlacierInstantRetrieval,
        StorageTier.Archive => S3StorageClass.FindValue(archiveClass),
        _ => S3StorageClass.Standard,
    };
}
