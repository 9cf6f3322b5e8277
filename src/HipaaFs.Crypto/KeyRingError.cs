namespace HipaaFs.Crypto;

/// <summary>Why bytes were not taken for a key ring.</summary>
public enum KeyRingError
{
    /// <summary>They were taken.</summary>
    None = 0,

    /// <summary>They do not begin as a key ring does.</summary>
    NotAKeyRing,

    /// <summary>They begin as a key ring does and end too early.</summary>
    Truncated,

    /// <summary>At least one bit differs from what was written.</summary>
    Damaged,

    /// <summary>The ring is whole and has a format this version does not read.</summary>
    NewerFormat,
}
