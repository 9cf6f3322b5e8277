namespace HipaaFs.Crypto;

/// <summary>Why a key could not be wrapped, unwrapped or read.</summary>
public enum KeyError
{
    /// <summary>It could.</summary>
    None = 0,

    /// <summary>The key is a key, but not one that this ring is wrapped by.</summary>
    WrongKey,

    /// <summary>The ring has no wrap of this kind.</summary>
    NoSuchWrap,

    /// <summary>There is no key at the place that was named.</summary>
    KeyMissing,

    /// <summary>The key is there and cannot be read: permissions of the file or its directory, or a device error.</summary>
    KeyUnreadable,

    /// <summary>Others than the owner can read or write the key file, so it is refused.</summary>
    KeyExposed,

    /// <summary>What is at the place is not a key, or a key with changed or missing characters.</summary>
    KeyDamaged,

    /// <summary>The key file has a format this version does not read.</summary>
    KeyNewerFormat,

    /// <summary>Something is at the place already, and a key is never overwritten.</summary>
    KeyExists,

    /// <summary>No passphrase was given, or it is empty or too long.</summary>
    NoPassphrase,

    /// <summary>The owner of the key denies its use.</summary>
    Denied,

    /// <summary>The key provider does not answer.</summary>
    Unreachable,

    /// <summary>The ring was written by someone who does not have the volume's key, or not as a whole.</summary>
    RingNotAuthentic,

    /// <summary>This version has no provider of this kind.</summary>
    NotSupported,
}
