using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>Asks a person for a passphrase. Returns null when there is nobody to ask; the caller disposes the result.</summary>
public delegate SecretMemory? PassphrasePrompt();
