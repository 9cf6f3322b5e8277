namespace HipaaFs.Crypto;

/// <summary>Where a KEYREF says that a key-encryption key is.</summary>
public enum KeyReferenceKind
{
    /// <summary>In a key file: <c>file:PATH</c>.</summary>
    File,

    /// <summary>A passphrase typed at the terminal: <c>passphrase:</c>.</summary>
    PassphraseTerminal,

    /// <summary>A passphrase in a file: <c>passphrase:file:PATH</c>.</summary>
    PassphraseFile,

    /// <summary>A passphrase read from an open descriptor: <c>passphrase:fd:N</c>.</summary>
    PassphraseDescriptor,
}
