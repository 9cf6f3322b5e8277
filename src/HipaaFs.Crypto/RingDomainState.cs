namespace HipaaFs.Crypto;

/// <summary>What became of a key domain. The values are those of the ring.</summary>
internal enum RingDomainState : byte
{
    /// <summary>Never valid in a ring.</summary>
    None = 0,

    /// <summary>Its keys are in the ring.</summary>
    Live = 1,

    /// <summary>Its keys were taken out of the ring, and every copy that was ever written was rewritten or deleted.</summary>
    Erased = 2,

    /// <summary>The key-encryption key of its own guard was destroyed.</summary>
    Destroyed = 3,
}
