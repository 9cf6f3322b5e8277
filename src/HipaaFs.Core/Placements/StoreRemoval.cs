namespace HipaaFs.Placements;

/// <summary>What became of a store that was taken away.</summary>
/// <param name="IsLookedThrough">Whether it answered, so that what was left in it could be looked for.</param>
/// <param name="DeletedObjects">Objects of segments that were left in it by what was cut off, and are deleted.</param>
/// <param name="LeftObjects">Objects in it that this volume does not know, or that could not be deleted: they are still there.</param>
public sealed record StoreRemoval(bool IsLookedThrough, long DeletedObjects, long LeftObjects)
{
    /// <summary>Whether nothing at all is left in it, the mark of the volume neither: it can be a store of another volume.</summary>
    public bool IsFree { get; init; }
}
