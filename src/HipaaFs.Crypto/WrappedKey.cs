namespace HipaaFs.Crypto;

/// <summary>A key as a key-encryption key sealed it.</summary>
/// <param name="Kind">Which provider can open it: 1 to 32 lower-case letters, digits or hyphens.</param>
/// <param name="Parameters">What the provider needs besides its key, such as salt and iterations; at most 65535 bytes; not secret.</param>
/// <param name="Ciphertext">The sealed key; at most 65535 bytes.</param>
public sealed record WrappedKey(string Kind, ReadOnlyMemory<byte> Parameters, ReadOnlyMemory<byte> Ciphertext);
