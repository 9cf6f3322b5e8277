using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>How long it usually takes until an archived object can be read, as providers say it of their services. Nobody promises it.</summary>
/// <param name="AtLeast">The shorter end.</param>
/// <param name="AtMost">The longer end.</param>
internal readonly record struct UsualRecallTime(TimeSpan AtLeast, TimeSpan AtMost)
{
    /// <summary>What is said of a kind of store at a speed; null where nothing is, or there is no such speed.</summary>
    /// <remarks>
    /// Amazon S3 user guide, "Archive retrieval options": GLACIER 1-5 minutes, 3-5 hours, 5-12 hours; DEEP_ARCHIVE within 12 and 48 hours. Microsoft, "Blob rehydration from the archive tier": high
    /// priority less than an hour for objects below 10 GB, standard up to 15 hours; bulk is asked for as standard there.
    /// </remarks>
    public static UsualRecallTime? Of(StoreUrl url, RestoreSpeed speed) => (url.Scheme, url.ArchiveClass, speed) switch
    {
        (StoreScheme.S3, "DEEP_ARCHIVE", RestoreSpeed.Expedited) => null,
        (StoreScheme.S3, "DEEP_ARCHIVE", RestoreSpeed.Standard) => Hours(0, 12),
        (StoreScheme.S3, "DEEP_ARCHIVE", _) => Hours(0, 48),
        (StoreScheme.S3, _, RestoreSpeed.Expedited) => new UsualRecallTime(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)),
        (StoreScheme.S3, _, RestoreSpeed.Standard) => Hours(3, 5),
        (StoreScheme.S3, _, _) => Hours(5, 12),
        (StoreScheme.AzureBlob, _, RestoreSpeed.Expedited) => Hours(0, 1),
        (StoreScheme.AzureBlob, _, _) => Hours(0, 15),
        _ => null,
    };

    /// <summary>Whether a kind of store restores at a speed.</summary>
    public static bool IsOffered(StoreUrl url, RestoreSpeed speed) => (url.Scheme, url.ArchiveClass, speed) is not (StoreScheme.S3, "DEEP_ARCHIVE", RestoreSpeed.Expedited);

    private static UsualRecallTime Hours(int atLeast, int atMost) => new(TimeSpan.FromHours(atLeast), TimeSpan.FromHours(atMost));
}
