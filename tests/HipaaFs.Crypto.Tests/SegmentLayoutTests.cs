using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>Header, trailer and offsets: the parts of a segment that are not sealed.</summary>
public sealed class SegmentLayoutTests
{
    private static readonly SegmentHeader Header = new(SegmentId.NewRandom(), EpochId.NewRandom(), RecordClass.Data);

    [Theory]
    [InlineData(0, 0, 64)]
    [InlineData(1, 1, 81)]
    [InlineData(16383, 1, 64 + 16399)]
    [InlineData(16384, 1, 64 + 16400)]
    [InlineData(16385, 2, 64 + 16400 + 17)]
    [InlineData(1L << 32, 262144, 64 + (262144L * 16400))]
    public void Offsets_OfALength_AreThoseOfTheFormat(long length, int frames, long end)
    {
        Assert.Equal(frames, SegmentFormat.FrameCount(length));
        Assert.Equal(end, SegmentFormat.FramesEnd(length));
        Assert.True(SegmentFormat.TryPlaintextLength(end, out long back));
        Assert.Equal(length, back);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(80)]
    [InlineData(64 + 16400 + 16)]
    public void TryPlaintextLength_WhereNoFrameEnds_IsRefused(long end) => Assert.False(SegmentFormat.TryPlaintextLength(end, out _));

    [Fact]
    public void SealedFrameOffset_Number_CountsWholeFrames()
    {
        Assert.Equal(64, SegmentFormat.SealedFrameOffset(0));
        Assert.Equal(64 + (3 * 16400), SegmentFormat.SealedFrameOffset(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => SegmentFormat.SealedFrameOffset(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SegmentFormat.FrameCount(-1));
    }

    [Theory]
    [InlineData(RecordClass.Data)]
    [InlineData(RecordClass.ChangeStream)]
    [InlineData(RecordClass.Manifest)]
    public void Header_WrittenAndRead_IsTheSame(RecordClass recordClass)
    {
        SegmentHeader header = Header with { Class = recordClass };
        byte[] bytes = Write(header);

        Assert.True(SegmentHeader.TryRead(bytes, out SegmentHeader read, out SegmentFormatError error));
        Assert.Equal(header, read);
        Assert.Equal(SegmentFormatError.None, error);
    }

    [Theory]
    [InlineData(0, SegmentFormatError.NotASegment)]
    [InlineData(7, SegmentFormatError.NotASegment)]
    [InlineData(8, SegmentFormatError.UnsupportedFormat)]
    [InlineData(9, SegmentFormatError.UnsupportedFormat)]
    [InlineData(10, SegmentFormatError.UnsupportedSuite)]
    [InlineData(12, SegmentFormatError.UnsupportedFrameSize)]
    [InlineData(48, SegmentFormatError.Damaged)]
    [InlineData(49, SegmentFormatError.UnsupportedCompression)]
    [InlineData(50, SegmentFormatError.Damaged)]
    [InlineData(63, SegmentFormatError.Damaged)]
    public void Header_ChangedByte_IsToldApart(int offset, SegmentFormatError expected)
    {
        byte[] bytes = Write(Header);
        bytes[offset] ^= 0x40;

        Assert.False(SegmentHeader.TryRead(bytes, out _, out SegmentFormatError error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Header_TooFewBytes_IsTooShort()
    {
        Assert.False(SegmentHeader.TryRead(Write(Header).AsSpan(0, 63), out _, out SegmentFormatError error));
        Assert.Equal(SegmentFormatError.TooShort, error);
    }

    [Fact]
    public void Header_ClassZero_IsDamaged()
    {
        Assert.False(SegmentHeader.TryRead(Write(Header with { Class = RecordClass.None }), out _, out SegmentFormatError error));
        Assert.Equal(SegmentFormatError.Damaged, error);
    }

    [Fact]
    public void Trailer_WrittenAndRead_IsTheSame()
    {
        byte[] bytes = new byte[SegmentFormat.TrailerSize];
        var trailer = new SegmentTrailer(81, 56);
        trailer.Write(bytes);

        Assert.True(SegmentTrailer.TryRead(bytes, out SegmentTrailer read));
        Assert.Equal(trailer, read);
        Assert.Equal(81UL + 56 + 32, read.ObjectLength);
    }

    [Theory]
    [InlineData(81, 56, 12, SegmentFormatError.Damaged)]
    [InlineData(81, 56, 23, SegmentFormatError.Damaged)]
    [InlineData(81, 56, 24, SegmentFormatError.NotASegment)]
    [InlineData(81, 56, 31, SegmentFormatError.NotASegment)]
    [InlineData(81, 56, 7, SegmentFormatError.Damaged)]
    [InlineData(80, 56, -1, SegmentFormatError.Damaged)]
    [InlineData(81, 31, -1, SegmentFormatError.Damaged)]
    [InlineData(0, 56, -1, SegmentFormatError.Damaged)]
    public void Trailer_ThatCannotBe_IsRefused(ulong offset, uint length, int changed, SegmentFormatError expected)
    {
        byte[] bytes = new byte[SegmentFormat.TrailerSize];
        new SegmentTrailer(offset, length).Write(bytes);
        if (changed >= 0)
        {
            bytes[changed] ^= 0x80;
        }

        Assert.False(SegmentTrailer.TryRead(bytes, out _, out SegmentFormatError error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Trailer_TooFewBytes_IsTooShort()
    {
        Assert.False(SegmentTrailer.TryRead(new byte[31], out _, out SegmentFormatError error));
        Assert.Equal(SegmentFormatError.TooShort, error);
    }

    private static byte[] Write(SegmentHeader header)
    {
        byte[] bytes = new byte[SegmentFormat.HeaderSize];
        header.Write(bytes);
        return bytes;
    }
}
