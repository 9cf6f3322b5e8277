using System.Buffers.Binary;

namespace HipaaFs.ChangeStream;

/// <summary>Where the newest two chains of the change stream that reach a backup point begin.</summary>
/// <param name="Session">Session of the first object of the newest.</param>
/// <param name="Number">Its number in that session.</param>
/// <param name="PreviousSession">Session of the first object of the one before; 0 when none is known.</param>
/// <param name="PreviousNumber">Its number in that session.</param>
internal sealed record StreamChains(ulong Session, ulong Number, ulong PreviousSession, ulong PreviousNumber)
{
    /// <summary>Length of the encoding.</summary>
    internal const int Size = 4 * sizeof(ulong);

    /// <summary>Whether there is one before the newest.</summary>
    internal bool HasPrevious => PreviousSession != 0;

    /// <summary>Encodes it.</summary>
    internal void Encode(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Session);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], PreviousSession);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], PreviousNumber);
    }

    /// <summary>Decodes it.</summary>
    internal static StreamChains Decode(ReadOnlySpan<byte> encoded) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(encoded),
        BinaryPrimitives.ReadUInt64LittleEndian(encoded[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(encoded[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(encoded[24..]));
}
