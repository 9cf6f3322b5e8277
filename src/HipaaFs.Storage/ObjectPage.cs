namespace HipaaFs.Storage;

/// <summary>One page of a listing.</summary>
/// <param name="Objects">The objects in key order (ordinal). May be shorter than the limit even when there are more.</param>
/// <param name="More">Whether a request after the last of these may return further objects. Never true for an empty page.</param>
public sealed record ObjectPage(IReadOnlyList<ObjectProperties> Objects, bool More)
{
    /// <summary>A page that holds nothing and ends the listing.</summary>
    public static ObjectPage Empty { get; } = new([], false);
}
