namespace HipaaFs.Crypto;

/// <summary>A guard as it stands in the ring: a 256-bit key that seals other keys, and the wraps of that key.</summary>
internal sealed record RingGuard(uint Id, List<RingWrap> Wraps)
{
    /// <summary>The guard of the volume, which also authenticates the ring.</summary>
    public const uint Volume = 0;
}
