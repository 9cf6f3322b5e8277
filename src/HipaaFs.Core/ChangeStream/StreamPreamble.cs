using System.Buffers.Binary;
using HipaaFs.Metadata;

namespace HipaaFs.ChangeStream;

/// <summary>
/// The first 48 bytes of a change stream object's plaintext: SHA-256 of the previous object of the chain (zeros where one begins), 32 bytes; the commit sequence that
/// its batches lead to, u64; flags u8, bit 0 set when a reader that has followed the chain to here has a whole volume; 7 zero bytes. Batches follow, each
/// behind its length (u32). All little-endian.
/// </summary>
/// <param name="Previous">SHA-256 of the previous object.</param>
/// <param name="Sequence">Where the batches lead to.</param>
/// <param name="IsBackupPoint">Whether the volume is whole after it.</param>
internal readonly record struct StreamPreamble(ReadOnlyMemory<byte> Previous, CommitSequence Sequence, bool IsBackupPoint)
{
    /// <summary>Length of the encoding.</summary>
    internal const int Size = 48;

    private const int HashSize = 32;

    /// <summary>Encodes it.</summary>
    internal byte[] Encode()
    {
        byte[] encoded = new byte[Size];
        Previous.Span.CopyTo(encoded);
        BinaryPrimitives.WriteUInt64LittleEndian(encoded.AsSpan(HashSize), Sequence.Value);
        encoded[HashSize + 8] = IsBackupPoint ? (byte)1 : (byte)0;
        return encoded;
    }

    /// <summary>Decodes it. False when there are not enough bytes or unknown flags.</summary>
    internal static bool TryDecode(ReadOnlyMemory<byte> plaintext, out StreamPreamble preamble)
    {
        preamble = default;
        if (plaintext.Length < Size || plaintext.Span[HashSize + 8] > 1)
        {
            return false;
        }

        var sequence = new CommitSequence(BinaryPrimitives.ReadUInt64LittleEndian(plaintext.Span[HashSize..]));
        preamble = new StreamPreamble(plaintext[..HashSize], sequence, plaintext.Span[HashSize + 8] == 1);
        return true;
    }
}
