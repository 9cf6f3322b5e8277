namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs restore</c> brought back.</summary>
/// <param name="Volume">Directory of the restored volume.</param>
/// <param name="VolumeId">Its identity.</param>
/// <param name="Generation">The backup point that was restored.</param>
/// <param name="PublishedAt">When it was published, by the store's clock.</param>
/// <param name="ChainHash">Hash of the last object of the change stream up to it.</param>
/// <param name="Inodes">Inodes that are back.</param>
/// <param name="FileBytes">Sum of the sizes of the files.</param>
/// <param name="MissingSegments">Segments that the store does not have any more; reading what is in them fails.</param>
/// <param name="IncompleteFiles">The files those segments belong to.</param>
/// <param name="UnfollowedObjects">Newer objects of the change stream that are damaged or hang on one that is: changes in them are not restored.</param>
/// <param name="UnknownSegments">Segments in the store that were uploaded after the backup point.</param>
internal sealed record RestoreResult(
    string Volume,
    string VolumeId,
    ulong Generation,
    DateTimeOffset PublishedAt,
    string ChainHash,
    long Inodes,
    long FileBytes,
    long MissingSegments,
    IReadOnlyList<RestoreFile> IncompleteFiles,
    long UnfollowedObjects,
    long UnknownSegments)
{
    /// <summary>Names of further stores of the volume that could not be read; null when there are none.</summary>
    public IReadOnlyList<string>? UnreadStores { get; init; }

    /// <summary>The region that the machine must be in, and its volume.yaml say, before the volume is mounted; null when its policy bounds no directory.</summary>
    public string? Region { get; init; }

    /// <summary>Segments that only those have. They are believed to be there.</summary>
    public long UncheckedSegments { get; init; }
}
