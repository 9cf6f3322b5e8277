using System.Buffers.Binary;
using HipaaFs.Metadata;

namespace HipaaFs.ChangeStream;

/// <summary>How far the change stream has been published: kept as a setting of the volume, so that the next session goes on from there.</summary>
/// <param name="Sequence">Changes up to here are in the stores.</param>
/// <param name="Session">Session of the last object.</param>
/// <param name="Number">Its number in that session.</param>
/// <param name="Hash">SHA-256 of it.</param>
/// <param name="FullAt">When the last full stream was published.</param>
/// <param name="At">Everything done before this is in it.</param>
internal sealed record PublishedPoint(
    CommitSequence Sequence, ulong Session, ulong Number, byte[] Hash, DateTimeOffset FullAt, DateTimeOffset At)
{
    /// <summary>Where the chain begins that the last object belongs to, and the complete one before it; null when that is not known.</summary>
    internal StreamChains? Chains { get; init; }

    /// <summary>Name of the setting.</summary>
    internal const string Setting = "stream.published";

    private const int Size = 8 + 8 + 8 + 32 + 8 + 8;
    private const int SizeWithChains = Size + StreamChains.Size;

    /// <summary>Encodes it.</summary>
    internal byte[] Encode()
    {
        byte[] encoded = new byte[Chains is null ? Size : SizeWithChains];
        BinaryPrimitives.WriteUInt64LittleEndian(encoded, Sequence.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(encoded.AsSpan(8), Session);
        BinaryPrimitives.WriteUInt64LittleEndian(encoded.AsSpan(16), Number);
        Hash.CopyTo(encoded, 24);
        BinaryPrimitives.WriteInt64LittleEndian(encoded.AsSpan(56), FullAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64LittleEndian(encoded.AsSpan(64), At.ToUnixTimeMilliseconds());
        Chains?.Encode(encoded.AsSpan(Size));
        return encoded;
    }

    /// <summary>Decodes it. Null when it makes no sense, which begins a new chain.</summary>
    internal static PublishedPoint? TryDecode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length is not (Size or SizeWithChains))
        {
            return null;
        }

        return new PublishedPoint(
            new CommitSequence(BinaryPrimitives.ReadUInt64LittleEndian(encoded)),
            BinaryPrimitives.ReadUInt64LittleEndian(encoded[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(encoded[16..]),
            encoded.Slice(24, 32).ToArray(),
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(encoded[56..])),
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(encoded[64..])))
        {
            Chains = encoded.Length == SizeWithChains ? StreamChains.Decode(encoded[Size..]) : null,
        };
    }
}
