namespace HipaaFs.Recovery;

/// <summary>What a restore brought back.</summary>
/// <param name="VolumeId">The volume's id.</param>
/// <param name="Generation">Commit sequence of the backup point.</param>
/// <param name="PublishedAt">When its last object was written, by the store's clock.</param>
/// <param name="ChainHash">SHA-256 of its last object, in hex.</param>
/// <param name="Inodes">Inodes that are back.</param>
/// <param name="FileBytes">Sum of their files' sizes.</param>
/// <param name="MissingSegments">Segments that the volume refers to and the store does not have, or not whole.</param>
public sealed record RestoreReport(
    Guid VolumeId, ulong Generation, DateTimeOffset PublishedAt, string ChainHash, long Inodes, long FileBytes, long MissingSegments)
{
    /// <summary>For how many days the volume kept its trash; what mounts it with fewer deletes what is older.</summary>
    public int TrashDays { get; init; }

    /// <summary>The text of the policy that was applied last; null when none was, or it cannot be read.</summary>
    public byte[]? Policy { get; init; }

    /// <summary>The files that the missing segments belong to, by inode.</summary>
    public required IReadOnlyList<IncompleteFile> IncompleteFiles { get; init; }

    /// <summary>Objects of the change stream, newer than the backup point, that are damaged or hang on one that is: changes in them are not restored.</summary>
    public required long UnfollowedObjects { get; init; }

    /// <summary>Segments in the store that the backup point does not know: data that was uploaded after it.</summary>
    public required long UnknownSegments { get; init; }

    /// <summary>Whether everything that the stores ever said they had is back, and was looked for.</summary>
    public bool IsComplete => MissingSegments == 0 && UnfollowedObjects == 0 && UncheckedSegments == 0;

    /// <summary>Segments that only stores have that could not be read; they are believed to be there.</summary>
    public long UncheckedSegments { get; init; }

    /// <summary>Names of the volume's stores that could not be read.</summary>
    public IReadOnlyList<string> UnreadStores { get; init; } = [];
}
