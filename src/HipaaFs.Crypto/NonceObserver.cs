namespace HipaaFs.Crypto;

/// <summary>Sees one sealing. Called on the sealing thread, after the bytes are made and before they are used.</summary>
/// <param name="segment">The segment, which stands for the key.</param>
/// <param name="kind">What was sealed.</param>
/// <param name="number">The number in the nonce.</param>
/// <param name="ciphertextHash">SHA-256 of ciphertext and tag; valid during the call only.</param>
public delegate void NonceObserver(SegmentId segment, SealKind kind, ulong number, ReadOnlySpan<byte> ciphertextHash);
