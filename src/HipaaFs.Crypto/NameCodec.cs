using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using HipaaFs.Platform;

namespace HipaaFs.Crypto;

/// <summary>Seals the names of one key domain: directory entries, symlink targets, names and values of extended attributes.</summary>
/// <remarks>
/// <para>Sealing is deterministic. Every sealed value has a key and nonce of its own, derived from a tag that is a keyed hash of
/// everything sealed, so one key and nonce never meet two plaintexts. Opening computes the tag again from what was opened.</para>
/// <para>Thread-safe. Owns copies of its keys and zeroes them on disposal; no call may run then.</para>
/// </remarks>
public sealed class NameCodec : IDisposable
{
    /// <summary>The longest name in bytes.</summary>
    public const int MaxNameLength = 255;

    /// <summary>Bytes that a sealed name is longer than the name.</summary>
    public const int NameOverhead = SegmentFormat.TagSize;

    /// <summary>Bytes that a sealed attribute is longer than its plaintext.</summary>
    public const int AttributeOverhead = NameTag.Size + SegmentFormat.TagSize;

    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int MaxInfoSize = 32;

    private readonly SecretMemory _keys = new(3 * KeySize);
    private readonly KeyedHash _tags;
    private readonly KeyedHash _synthetic;
    private readonly ReadOnlyMemory<byte> _sealKey;

    /// <summary>Derives the keys of a domain from its name secret.</summary>
    public NameCodec(ReadOnlySpan<byte> nameSecret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nameSecret.Length, KeySize);
        Memory<byte> keys = _keys.Memory;
        Derive(nameSecret, "hipaafs name tag 1"u8, keys.Span[..KeySize]);
        Derive(nameSecret, "hipaafs name siv 1"u8, keys.Span.Slice(KeySize, KeySize));
        Derive(nameSecret, "hipaafs name seal 1"u8, keys.Span[(2 * KeySize)..]);
        _tags = new KeyedHash(keys[..KeySize]);
        _synthetic = new KeyedHash(keys.Slice(KeySize, KeySize));
        _sealKey = keys[(2 * KeySize)..];
    }

    /// <summary>The tag of a name in a directory. Equal names in different directories have unrelated tags.</summary>
    public NameTag Tag(ulong parentInode, ReadOnlySpan<byte> name)
    {
        Span<byte> parent = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(parent, parentInode);
        IncrementalHash hash = _tags.Rent();
        hash.AppendData(parent);
        hash.AppendData(name);
        return _tags.Finish(hash);
    }

    /// <summary>Seals a name whose tag is known: ciphertext as long as the name, then 16 bytes.</summary>
    /// <param name="parentInode">The directory.</param>
    /// <param name="tag">What <see cref="Tag"/> gives for the name.</param>
    /// <param name="name">1 to 255 bytes.</param>
    public byte[] Seal(ulong parentInode, NameTag tag, ReadOnlySpan<byte> name)
    {
        ArgumentOutOfRangeException.ThrowIfZero(name.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, MaxNameLength);
        byte[] sealedName = new byte[name.Length + NameOverhead];
        Encrypt("entry"u8, parentInode, tag, name, sealedName);
        return sealedName;
    }

    /// <summary>Opens a name. Returns false when it was not sealed in this directory under this tag with this domain's keys.</summary>
    /// <param name="parentInode">The directory.</param>
    /// <param name="tag">The entry's tag.</param>
    /// <param name="sealedName">What <see cref="Seal"/> gave.</param>
    /// <param name="name">At least 255 bytes; its first <paramref name="length"/> bytes are filled.</param>
    /// <param name="length">Length of the name; 0 when not opened.</param>
    public bool TryOpen(ulong parentInode, NameTag tag, ReadOnlySpan<byte> sealedName, Span<byte> name, out int length)
    {
        length = 0;
        int expected = sealedName.Length - NameOverhead;
        if (expected is < 1 or > MaxNameLength || !TryDecrypt("entry"u8, parentInode, tag, sealedName, name[..expected]))
        {
            return false;
        }

        if (Tag(parentInode, name[..expected]) != tag)
        {
            name[..expected].Clear();
            return false;
        }

        length = expected;
        return true;
    }

    /// <summary>The tag that an attribute of an inode is searched by: the first 16 bytes of its sealed name.</summary>
    public NameTag XattrTag(ulong inode, ReadOnlySpan<byte> name) => SyntheticTag(SealedKind.XattrName, inode, [], name);

    /// <summary>Seals an attribute of an inode: a tag of 16 bytes, ciphertext as long as the plaintext, 16 bytes.</summary>
    /// <param name="kind">What the plaintext is.</param>
    /// <param name="inode">Whose it is.</param>
    /// <param name="name">The attribute's name when the plaintext is its value; else empty.</param>
    /// <param name="plaintext">The target, name or value; may be empty.</param>
    public byte[] SealAttribute(SealedKind kind, ulong inode, ReadOnlySpan<byte> name, ReadOnlySpan<byte> plaintext)
    {
        NameTag tag = SyntheticTag(kind, inode, name, plaintext);
        byte[] sealedValue = new byte[plaintext.Length + AttributeOverhead];
        tag.Write(sealedValue);
        Encrypt(Label(kind), inode, tag, plaintext, sealedValue.AsSpan(NameTag.Size));
        return sealedValue;
    }

    /// <summary>Opens an attribute. Returns false when it was not sealed as this kind, for this inode and name, with this domain's keys.</summary>
    public bool TryOpenAttribute(
        SealedKind kind, ulong inode, ReadOnlySpan<byte> name, ReadOnlySpan<byte> sealedValue, [NotNullWhen(true)] out byte[]? plaintext)
    {
        plaintext = null;
        if (sealedValue.Length < AttributeOverhead)
        {
            return false;
        }

        NameTag tag = NameTag.Read(sealedValue);
        byte[] opened = new byte[sealedValue.Length - AttributeOverhead];
        if (!TryDecrypt(Label(kind), inode, tag, sealedValue[NameTag.Size..], opened)
            || SyntheticTag(kind, inode, name, opened) != tag)
        {
            CryptographicOperations.ZeroMemory(opened);
            return false;
        }

        plaintext = opened;
        return true;
    }

    /// <summary>Zeroes the keys.</summary>
    public void Dispose()
    {
        _tags.Dispose();
        _synthetic.Dispose();
        ((IDisposable)_keys).Dispose();
    }

    // Labels differ in length, so that no label followed by a tag is another label followed by another tag.
    private static ReadOnlySpan<byte> Label(SealedKind kind) => kind switch
    {
        SealedKind.SymlinkTarget => "target"u8,
        SealedKind.XattrName => "xattr name"u8,
        SealedKind.XattrValue => "xattr value"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static void Derive(ReadOnlySpan<byte> nameSecret, ReadOnlySpan<byte> label, Span<byte> key) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, nameSecret, key, salt: [], label);

    private NameTag SyntheticTag(SealedKind kind, ulong inode, ReadOnlySpan<byte> name, ReadOnlySpan<byte> plaintext)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, ushort.MaxValue);
        Span<byte> prefix = stackalloc byte[1 + sizeof(ulong) + sizeof(ushort)];
        prefix[0] = (byte)kind;
        BinaryPrimitives.WriteUInt64BigEndian(prefix[1..], inode);
        BinaryPrimitives.WriteUInt16BigEndian(prefix[9..], (ushort)name.Length);
        IncrementalHash hash = _synthetic.Rent();
        hash.AppendData(prefix);
        hash.AppendData(name);
        hash.AppendData(plaintext);
        return _synthetic.Finish(hash);
    }

    private void Encrypt(ReadOnlySpan<byte> label, ulong inode, NameTag tag, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        Span<byte> keyAndNonce = stackalloc byte[KeySize + NonceSize];
        Span<byte> associatedData = stackalloc byte[sizeof(ulong) + NameTag.Size];
        DeriveKeyAndNonce(label, tag, keyAndNonce);
        WriteAssociatedData(associatedData, inode, tag);
        using var aead = new AesGcm(keyAndNonce[..KeySize], SegmentFormat.TagSize);
        aead.Encrypt(
            keyAndNonce[KeySize..], plaintext, destination[..plaintext.Length], destination[plaintext.Length..], associatedData);
        CryptographicOperations.ZeroMemory(keyAndNonce);
    }

    private bool TryDecrypt(ReadOnlySpan<byte> label, ulong inode, NameTag tag, ReadOnlySpan<byte> source, Span<byte> plaintext)
    {
        Span<byte> keyAndNonce = stackalloc byte[KeySize + NonceSize];
        Span<byte> associatedData = stackalloc byte[sizeof(ulong) + NameTag.Size];
        DeriveKeyAndNonce(label, tag, keyAndNonce);
        WriteAssociatedData(associatedData, inode, tag);
        using var aead = new AesGcm(keyAndNonce[..KeySize], SegmentFormat.TagSize);
        try
        {
            aead.Decrypt(
                keyAndNonce[KeySize..], source[..plaintext.Length], source[plaintext.Length..], plaintext, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            plaintext.Clear();
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keyAndNonce);
        }
    }

    private void DeriveKeyAndNonce(ReadOnlySpan<byte> label, NameTag tag, Span<byte> keyAndNonce)
    {
        Span<byte> info = stackalloc byte[MaxInfoSize];
        label.CopyTo(info);
        tag.Write(info[label.Length..]);
        HKDF.Expand(HashAlgorithmName.SHA256, _sealKey.Span, keyAndNonce, info[..(label.Length + NameTag.Size)]);
    }

    private static void WriteAssociatedData(Span<byte> destination, ulong inode, NameTag tag)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, inode);
        tag.Write(destination[sizeof(ulong)..]);
    }
}
