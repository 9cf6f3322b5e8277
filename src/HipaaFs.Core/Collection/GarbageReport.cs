namespace HipaaFs.Collection;

/// <summary>What compaction and collection have done at somebody's request.</summary>
/// <param name="RewrittenSegments">Segments whose live data was copied to new ones.</param>
/// <param name="CopiedBytes">Bytes that were copied.</param>
/// <param name="DeletedSegments">Segments that were deleted from the store.</param>
/// <param name="DeletedBytes">Their bytes.</param>
/// <param name="Space">What is stored now.</param>
/// <param name="IsComplete">Whether nothing is left to rewrite; false when staging had no room, something could not be read, or files were busy.</param>
public sealed record GarbageReport(
    int RewrittenSegments, long CopiedBytes, int DeletedSegments, long DeletedBytes, SpaceUsage Space, bool IsComplete);
