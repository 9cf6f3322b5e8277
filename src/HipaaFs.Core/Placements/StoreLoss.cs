namespace HipaaFs.Placements;

/// <summary>What is lost with a store that does not come back.</summary>
/// <param name="Segments">Segments that it has by what is known, live ones and those that wait to be deleted.</param>
/// <param name="Bytes">Bytes of their objects.</param>
/// <param name="LostSegments">Live segments of them that are in no other store, nor whole in the cache of this machine.</param>
/// <param name="LostBytes">Bytes of their objects.</param>
/// <param name="LostFiles">Files with data in those, the ones that only snapshots show among them; above a million it is no longer told apart who was counted before.</param>
public sealed record StoreLoss(long Segments, long Bytes, long LostSegments, long LostBytes, long LostFiles)
{
    /// <summary>Numbers of the files with lost data that this machine has in its cache all the same, so that it can be copied for as long as it is there; no more than the first hundred.</summary>
    public IReadOnlyList<ulong> CachedFiles { get; init; } = [];

    /// <summary>Whether the store answers as this volume's: it is not lost.</summary>
    public bool Answers { get; init; }
}
