namespace HipaaFs.Recovery;

/// <summary>What a restore brought back.</summary>
/// <param name="VolumeId">The volume's id.</param>
/// <param name="Generation">Commit sequence of the backup point.</param>
/// <param name="PublishedAt">When its last object was written, by the store's clock.</param>
/// <param name="ChainHash">SHA-256 of its last object, in hex.</param>
/// <param name="Inodes">Inodes that are back.</param>
/// <param name="FileBytes">Sum of their files' sizes.</param>
/// <param name="MissingSegments">Segments that the volume refers to and the store does not have.</param>
public sealed record RestoreReport(
    Guid VolumeId, ulong Generation, DateTimeOffset PublishedAt, string ChainHash, long Inodes, long FileBytes, long MissingSegments);
