using System.Diagnostics;
using System.Security.Cryptography;
using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>Seals one 256-bit key under another: <c>nonce 12 | ciphertext 32 | tag 16</c>, AES-256-GCM with a random nonce.</summary>
internal static class KeyBox
{
    public const int KeySize = 32;
    public const int Size = NonceSize + KeySize + TagSize;
    private const int NonceSize = 12;
    private const int TagSize = SegmentFormat.TagSize;

    public static void Seal(ReadOnlySpan<byte> sealingKey, ReadOnlySpan<byte> key, ReadOnlySpan<byte> associatedData, Span<byte> box)
    {
        Debug.Assert(sealingKey.Length == KeySize && key.Length == KeySize && box.Length == Size, "a box has one size");

        RandomNumberGenerator.Fill(box[..NonceSize]);
        using var aead = new AesGcm(sealingKey, TagSize);
        aead.Encrypt(box[..NonceSize], key, box.Slice(NonceSize, KeySize), box[^TagSize..], associatedData);
    }

    public static bool TryOpen(ReadOnlySpan<byte> sealingKey, ReadOnlySpan<byte> box, ReadOnlySpan<byte> associatedData, Span<byte> key)
    {
        if (box.Length != Size)
        {
            return false;
        }

        using var aead = new AesGcm(sealingKey, TagSize);
        try
        {
            aead.Decrypt(box[..NonceSize], box.Slice(NonceSize, KeySize), box[^TagSize..], key, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            key.Clear();
            return false;
        }
    }

    /// <summary>Opens a box into memory of its own; a box that does not open means another key.</summary>
    public static KeyWrapResult<SecretMemory> Unwrap(ReadOnlySpan<byte> sealingKey, ReadOnlySpan<byte> box, ReadOnlySpan<byte> associatedData)
    {
        var key = new SecretMemory(KeySize);
        if (TryOpen(sealingKey, box, associatedData, key.GetSpan()))
        {
            return key;
        }

        ((IDisposable)key).Dispose();
        return KeyError.WrongKey;
    }
}
