using System.Buffers.Binary;

namespace HipaaFs.Crypto;

/// <summary>The 32 bytes a segment ends with: where its index lies.</summary>
/// <param name="IndexOffset">Where the sealed index begins in the object, which is where the last frame ends.</param>
/// <param name="IndexLength">Length of the sealed index, its tag included.</param>
public readonly record struct SegmentTrailer(ulong IndexOffset, uint IndexLength)
{
    private const int LengthOffset = 8;
    private const int ReservedOffset = 12;
    private const int MagicOffset = 24;

    /// <summary>Length in bytes that the whole object must have.</summary>
    public ulong ObjectLength => IndexOffset + IndexLength + SegmentFormat.TrailerSize;

    /// <summary>Reads a trailer from the last 32 bytes of an object.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out SegmentTrailer trailer, out SegmentFormatError error)
    {
        trailer = default;
        if (source.Length < SegmentFormat.TrailerSize)
        {
            error = SegmentFormatError.TooShort;
            return false;
        }

        if (!source[MagicOffset..SegmentFormat.TrailerSize].SequenceEqual(SegmentHeader.Magic))
        {
            error = SegmentFormatError.NotASegment;
            return false;
        }

        var read = new SegmentTrailer(
            BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt32LittleEndian(source[LengthOffset..]));
        bool clean = !source[ReservedOffset..MagicOffset].ContainsAnyExcept((byte)0);
        if (!clean || read.IndexOffset > long.MaxValue || read.IndexLength < SegmentIndex.FixedSize + SegmentFormat.TagSize
            || !SegmentFormat.TryPlaintextLength((long)read.IndexOffset, out _))
        {
            error = SegmentFormatError.Damaged;
            return false;
        }

        trailer = read;
        error = SegmentFormatError.None;
        return true;
    }

    /// <summary>Reads a trailer from the last 32 bytes of an object. Returns false when they are none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out SegmentTrailer trailer) => TryRead(source, out trailer, out _);

    /// <summary>Writes <see cref="SegmentFormat.TrailerSize"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination = destination[..SegmentFormat.TrailerSize];
        destination.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, IndexOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[LengthOffset..], IndexLength);
        SegmentHeader.Magic.CopyTo(destination[MagicOffset..]);
    }
}
