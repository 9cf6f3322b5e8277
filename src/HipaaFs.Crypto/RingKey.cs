using System.Buffers.Binary;
using System.Security.Cryptography;

namespace HipaaFs.Crypto;

/// <summary>A sealed key as it stands in the ring.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Domain">Whose it is.</param>
/// <param name="Guard">Which guard it is sealed under.</param>
/// <param name="Created">When it was drawn, in milliseconds since 1970.</param>
/// <param name="Id">The epoch's id, or a random id for a name secret.</param>
/// <param name="Box">The sealed key, see <see cref="KeyBox"/>.</param>
internal sealed record RingKey(RingKeyKind Kind, DomainId Domain, uint Guard, long Created, EpochId Id, byte[] Box)
{
    public const int DescriptionSize = 40;
    public const int Size = DescriptionSize + KeyBox.Size;
    private const int VolumeIdSize = 16;

    /// <summary>Seals a key under its guard's key.</summary>
    public static RingKey Seal(RingKey description, Guid volume, ReadOnlySpan<byte> guardKey, ReadOnlySpan<byte> key)
    {
        byte[] box = new byte[KeyBox.Size];
        Span<byte> sealingKey = stackalloc byte[KeyBox.KeySize];
        Span<byte> context = stackalloc byte[VolumeIdSize + DescriptionSize];
        description.Prepare(volume, guardKey, sealingKey, context);
        KeyBox.Seal(sealingKey, key, context, box);
        CryptographicOperations.ZeroMemory(sealingKey);
        return description with { Box = box };
    }

    /// <summary>Opens the key with its guard's key. Returns false when it was not sealed with it and for this description.</summary>
    public bool TryOpen(Guid volume, ReadOnlySpan<byte> guardKey, Span<byte> key)
    {
        Span<byte> sealingKey = stackalloc byte[KeyBox.KeySize];
        Span<byte> context = stackalloc byte[VolumeIdSize + DescriptionSize];
        Prepare(volume, guardKey, sealingKey, context);
        bool opened = KeyBox.TryOpen(sealingKey, Box, context, key);
        CryptographicOperations.ZeroMemory(sealingKey);
        return opened;
    }

    /// <summary>Writes what is said about the key in the clear, which is authenticated with it.</summary>
    public void WriteDescription(Span<byte> destination)
    {
        destination[..DescriptionSize].Clear();
        destination[0] = (byte)Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], Domain.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Guard);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], Created);
        Id.Write(destination[24..]);
    }

    private void Prepare(Guid volume, ReadOnlySpan<byte> guardKey, Span<byte> sealingKey, Span<byte> context)
    {
        Span<byte> salt = stackalloc byte[EpochId.Size];
        Id.Write(salt);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, guardKey, sealingKey, salt, "hipaafs ring key 1"u8);
        volume.TryWriteBytes(context, bigEndian: true, out _);
        WriteDescription(context[VolumeIdSize..]);
    }
}
