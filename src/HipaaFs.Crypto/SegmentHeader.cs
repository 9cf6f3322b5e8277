using System.Buffers.Binary;

namespace HipaaFs.Crypto;

/// <summary>The 64 bytes a segment begins with, which are also the associated data of everything sealed in it.</summary>
/// <param name="Segment">The segment's own identifier.</param>
/// <param name="Epoch">Which root key the segment's key is derived from.</param>
/// <param name="Class">What the segment holds.</param>
public readonly record struct SegmentHeader(SegmentId Segment, EpochId Epoch, RecordClass Class)
{
    private const ushort SuiteAes256Gcm = 1;
    private const int FormatOffset = 8;
    private const int SuiteOffset = 10;
    private const int FrameSizeOffset = 12;
    private const int SegmentOffset = 16;
    private const int EpochOffset = 32;
    private const int ClassOffset = 48;
    private const int CompressionOffset = 49;
    private const int ReservedOffset = 50;

    internal static ReadOnlySpan<byte> Magic => "HIPAAFS1"u8;

    /// <summary>Reads a header. What this version cannot read is told apart from what is damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out SegmentHeader header, out SegmentFormatError error)
    {
        header = default;
        error = Check(source);
        if (error != SegmentFormatError.None)
        {
            return false;
        }

        header = new SegmentHeader(
            SegmentId.Read(source[SegmentOffset..]), EpochId.Read(source[EpochOffset..]), (RecordClass)source[ClassOffset]);
        return true;
    }

    /// <summary>Writes <see cref="SegmentFormat.HeaderSize"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination = destination[..SegmentFormat.HeaderSize];
        destination.Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[FormatOffset..], SegmentFormat.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[SuiteOffset..], SuiteAes256Gcm);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[FrameSizeOffset..], SegmentFormat.FrameSize);
        Segment.Write(destination[SegmentOffset..]);
        Epoch.Write(destination[EpochOffset..]);
        destination[ClassOffset] = (byte)Class;
    }

    private static SegmentFormatError Check(ReadOnlySpan<byte> source)
    {
        if (source.Length < SegmentFormat.HeaderSize)
        {
            return SegmentFormatError.TooShort;
        }

        if (!source[..Magic.Length].SequenceEqual(Magic))
        {
            return SegmentFormatError.NotASegment;
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(source[FormatOffset..]) != SegmentFormat.Version)
        {
            return SegmentFormatError.UnsupportedFormat;
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(source[SuiteOffset..]) != SuiteAes256Gcm)
        {
            return SegmentFormatError.UnsupportedSuite;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(source[FrameSizeOffset..]) != SegmentFormat.FrameSize)
        {
            return SegmentFormatError.UnsupportedFrameSize;
        }

        if (source[CompressionOffset] != 0)
        {
            return SegmentFormatError.UnsupportedCompression;
        }

        bool known = (RecordClass)source[ClassOffset] is RecordClass.Data or RecordClass.ChangeStream or RecordClass.Manifest;
        bool clean = !source[ReservedOffset..SegmentFormat.HeaderSize].ContainsAnyExcept((byte)0);
        return known && clean ? SegmentFormatError.None : SegmentFormatError.Damaged;
    }
}
