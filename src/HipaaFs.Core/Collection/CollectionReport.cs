namespace HipaaFs.Collection;

/// <summary>What a round of collection has done.</summary>
/// <param name="CondemnedSegments">Segments that nothing refers to any more and nothing may again.</param>
/// <param name="CondemnedBytes">Their bytes; they are deleted after their grace.</param>
/// <param name="DeletedSegments">Segments that were deleted.</param>
/// <param name="DeletedBytes">Their bytes.</param>
public sealed record CollectionReport(int CondemnedSegments, long CondemnedBytes, int DeletedSegments, long DeletedBytes);
