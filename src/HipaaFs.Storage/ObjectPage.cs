namespace HipaaFs.Storage;

/// <summary>One page of a listing.</summary>
/// <param name="Objects">The objects in key order (ordinal). May be shorter than the limit even when there are more.</param>
/// <param name="More">Whether a request after the last of these may return further objects. Never true for an empty page.</param>
public sealed record ObjectPage(IReadOnlyList<ObjectProperties> Objects, bool More)
{
    /// <summary>In a store opened with <see cref="StoreOptions.ForeignKeys"/>: names met on the way that are no keys, some perhaps more than once. Empty otherwise.</summary>
    public IReadOnlyList<string> Unusable { get; init; } = [];

    /// <summary>A page that holds nothing and ends the listing.</summary>
    public static ObjectPage Empty { get; } = new([], false);
}
