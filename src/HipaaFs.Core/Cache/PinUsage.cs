namespace HipaaFs.Cache;

/// <summary>What is pinned in the cache.</summary>
/// <param name="Files">Files whose data stays.</param>
/// <param name="Segments">Segments that hold it.</param>
/// <param name="Bytes">Bytes of these segments, which is what they take when all of them are there.</param>
/// <param name="CachedBytes">Bytes of them that are there.</param>
/// <param name="MostBytes">Most bytes that may be pinned.</param>
public sealed record PinUsage(long Files, long Segments, long Bytes, long CachedBytes, long MostBytes)
{
    /// <summary>Whether what was asked for fits; when it does not, nothing was changed, and the figures are those that there would be.</summary>
    public bool Fits => Bytes <= MostBytes;
}
