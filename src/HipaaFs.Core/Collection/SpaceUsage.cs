namespace HipaaFs.Collection;

/// <summary>What a volume's segments take in the store, and how much of that is needed.</summary>
/// <param name="StoredBytes">Bytes of all segments that are not condemned.</param>
/// <param name="LiveBytes">Bytes of file data in them that files or snapshots need; what several share counts once.</param>
/// <param name="CondemnedBytes">Bytes of segments that nothing needs any more and that are deleted after their grace.</param>
/// <param name="Segments">Segments that are not condemned.</param>
/// <param name="Taken">When this was counted.</param>
public sealed record SpaceUsage(long StoredBytes, long LiveBytes, long CondemnedBytes, long Segments, DateTimeOffset Taken);
