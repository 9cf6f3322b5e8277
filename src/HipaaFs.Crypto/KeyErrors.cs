using System.Diagnostics;

namespace HipaaFs.Crypto;

/// <summary>The sentences that belong to <see cref="KeyError"/>.</summary>
public static class KeyErrors
{
    /// <summary>Says in a sentence what is wrong, without naming a path or a secret.</summary>
    public static string Describe(KeyError error) => error switch
    {
        KeyError.None => "no error",
        KeyError.WrongKey => "the key is not one that this volume's key ring is wrapped by",
        KeyError.NoSuchWrap => "the key ring has no wrap of this kind of key",
        KeyError.KeyMissing => "there is no key file at this place",
        KeyError.KeyUnreadable => "the key file cannot be read",
        KeyError.KeyExposed => "the key file can be read or changed by others than its owner; set its mode to 0600",
        KeyError.KeyDamaged => "the key file is damaged: it is not a key file, or characters in it are changed or missing",
        KeyError.KeyNewerFormat => "the key file has a format that this version does not read",
        KeyError.KeyExists => "there is a file at this place already, and a key file is never overwritten",
        KeyError.NoPassphrase => "no passphrase was given, or it is empty or longer than 1024 bytes",
        KeyError.Denied => "the owner of the key denies its use",
        KeyError.Unreachable => "the key provider does not answer",
        KeyError.RingNotAuthentic => "the key ring was changed by someone who does not hold the volume's key",
        KeyError.NotSupported => "this version has no key provider of this kind",
        _ => throw new UnreachableException($"key error {(int)error}"),
    };
}
