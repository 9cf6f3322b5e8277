namespace HipaaFs.Crypto;

/// <summary>What a sealed key of the ring is for. The values are those of the ring.</summary>
internal enum RingKeyKind : byte
{
    /// <summary>Never valid in a ring.</summary>
    None = 0,

    /// <summary>The root key of one epoch.</summary>
    EpochRoot = 1,

    /// <summary>The name secret of a domain.</summary>
    NameSecret = 2,
}
