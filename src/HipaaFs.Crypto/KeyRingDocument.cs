using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>A key ring as it is stored: readable in its outline, its keys still wrapped.</summary>
/// <remarks>Immutable. Until <see cref="UnlockAsync"/> has succeeded nothing in it is proven to come from the volume's owner.</remarks>
public sealed class KeyRingDocument
{
    private readonly byte[] _bytes;

    private KeyRingDocument(byte[] bytes, RingContent content)
    {
        _bytes = bytes;
        VolumeId = content.VolumeId;
        Generation = content.Generation;
        Created = DateTimeOffset.FromUnixTimeMilliseconds(content.Created);
        Previous = content.Previous;
        Hash = SHA256.HashData(bytes);
        Wraps = content.ListWraps();
    }

    /// <summary>The volume the ring belongs to.</summary>
    public Guid VolumeId { get; }

    /// <summary>Rises by one with every change.</summary>
    public ulong Generation { get; }

    /// <summary>When this generation was begun.</summary>
    public DateTimeOffset Created { get; }

    /// <summary>SHA-256 of the document of the generation before; zeros in the first.</summary>
    public ReadOnlyMemory<byte> Previous { get; }

    /// <summary>SHA-256 of this document.</summary>
    public ReadOnlyMemory<byte> Hash { get; }

    /// <summary>The wraps, in the order in which they were added.</summary>
    public IReadOnlyList<KeyRingWrap> Wraps { get; }

    /// <summary>The document as it is stored.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Reads a document. Damage, truncation and newer formats are told apart.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out KeyRingDocument? document, out KeyRingError error)
    {
        document = null;
        error = RingReader.Check(bytes);
        if (error != KeyRingError.None)
        {
            return false;
        }

        RingContent? content = RingReader.Read(bytes);
        if (content is null)
        {
            error = KeyRingError.Damaged;
            return false;
        }

        document = new KeyRingDocument(bytes.ToArray(), content);
        return true;
    }

    /// <summary>Opens the ring with a key-encryption key: tries every wrap of its kind, then proves the whole document.</summary>
    /// <param name="keyEncryptionKey">Any of the keys the volume's guard is wrapped by.</param>
    /// <param name="time">Where the time of later changes comes from; null for the system's clock.</param>
    /// <param name="cancel">Ends the wait for a remote provider.</param>
    public async ValueTask<KeyWrapResult<KeyRing>> UnlockAsync(
        IKeyWrapper keyEncryptionKey, TimeProvider? time = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(keyEncryptionKey);
        RingContent content = RingReader.Read(_bytes)!;
        KeyWrapResult<SecretMemory> guardKey =
            await RingWraps.UnwrapAsync(VolumeId, content.Guards[0], keyEncryptionKey, cancel);
        if (!guardKey.Succeeded)
        {
            return guardKey.Error;
        }

        using (guardKey.Value)
        {
            return KeyRing.Open(content, _bytes, guardKey.Value.GetSpan(), time ?? TimeProvider.System);
        }
    }
}
