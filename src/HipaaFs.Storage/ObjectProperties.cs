namespace HipaaFs.Storage;

/// <summary>What a store says about one object without its content.</summary>
/// <param name="Key">The object's name.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Tag">The version these properties describe; changes whenever the object is replaced.</param>
/// <param name="LastModified">When the store took this version, by the store's clock.</param>
/// <param name="Tier">The storage class it is in.</param>
/// <param name="Restore">Whether an archived object is readable.</param>
/// <param name="RestoredUntil">When the restored copy of an archived object goes away; null when there is none.</param>
public sealed record ObjectProperties(
    ObjectKey Key,
    long Length,
    EntityTag Tag,
    DateTimeOffset LastModified,
    StorageTier Tier = StorageTier.Hot,
    RestoreState Restore = RestoreState.None,
    DateTimeOffset? RestoredUntil = null)
{
    /// <summary>
    /// In the answer to a put: SHA-256 of the bytes that the store took, 32 bytes, for the caller to compare. Empty in every other answer, when the store cannot
    /// tell, and when no byte was copied because the file handed over itself became the object.
    /// </summary>
    public ReadOnlyMemory<byte> Sha256 { get; init; }

    /// <summary>
    /// MD5 by which the store knows the content; null when there is none. A listing of S3 says it of every object; of those that the server encrypts with keys of a KMS it is none, which
    /// the object's own properties tell.
    /// </summary>
    public ContentMd5? Md5 { get; init; }

    /// <summary>What keeps the object from being replaced and deleted, as far as these credentials may see it. Listings do not say.</summary>
    public ObjectProtection Protection { get; init; } = ObjectProtection.None;
}
