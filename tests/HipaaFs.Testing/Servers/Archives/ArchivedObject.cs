namespace HipaaFs.Testing.Servers.Archives;

/// <summary>An object as the server behind has it.</summary>
/// <param name="StorageClass">S3's name of its class; STANDARD when the server names none.</param>
/// <param name="Version">Tells it from what is later put or copied in its place.</param>
internal sealed record ArchivedObject(string StorageClass, string Version)
{
    /// <summary>Whether it is read only after a restore.</summary>
    public bool IsArchived => StorageClass is "GLACIER" or DeepArchive;

    /// <summary>The class that has no expedited restores.</summary>
    public bool IsDeep => StorageClass == DeepArchive;

    private const string DeepArchive = "DEEP_ARCHIVE";
}
