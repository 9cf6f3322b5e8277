namespace HipaaFs.Collection;

/// <summary>What the stores hold of segments that this volume knows nothing of.</summary>
/// <param name="Segments">Objects of segments that can be deleted, those that were deleted among them.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="YoungSegments">Segments that are not old enough to be sure that no other machine was about to need them.</param>
/// <param name="DeletedSegments">Segments that were deleted.</param>
/// <param name="DeletedBytes">Their bytes.</param>
/// <param name="IsComplete">Whether all of every store was looked at, and everything deleted that was to be.</param>
public sealed record UnknownReport(long Segments, long Bytes, long YoungSegments, long DeletedSegments, long DeletedBytes, bool IsComplete)
{
    /// <summary>Names of the stores that could not be looked at to the end; null when there are none.</summary>
    public IReadOnlyList<string>? UnreadStores { get; init; }
}
