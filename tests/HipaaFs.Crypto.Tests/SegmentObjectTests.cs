using System.Security.Cryptography;
using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>What the parts of a segment make sure of together: an object that was changed in any way does not open.</summary>
public sealed class SegmentObjectTests
{
    private static readonly byte[] RootKey = RandomNumberGenerator.GetBytes(32);
    private static readonly SegmentHeader Header = new(SegmentId.NewRandom(), EpochId.NewRandom(), RecordClass.Data);
    private static readonly byte[] ThreeFrames = Vectors.Pattern((2 * SegmentFormat.FrameSize) + 100);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16384)]
    [InlineData(16385)]
    [InlineData(100_000)]
    public void Open_WhatWasSealed_ReturnsPlaintextAndRuns(int length)
    {
        SegmentRun[] runs = length == 0 ? [] : [new SegmentRun(7, 0, (uint)length, 0)];
        byte[] bytes = SegmentObject.Seal(RootKey, Header, Vectors.Pattern(length), runs);

        Assert.True(SegmentObject.TryOpen(RootKey, bytes, out byte[] plaintext, out SegmentIndex? index));
        Assert.Equal(Vectors.Pattern(length), plaintext);
        Assert.Equal(runs, index!.Runs);
    }

    [Fact]
    public void Open_AnyBitOfAnObjectFlipped_IsRejected()
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, "protected health information"u8.ToArray(), new SegmentRun(7, 0, 28, 0));
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(SegmentObject.TryOpen(RootKey, bytes, out _, out _), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Open_AnyTruncationOfAnObject_IsRejected()
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, "protected health information"u8.ToArray(), new SegmentRun(7, 0, 28, 0));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(SegmentObject.TryOpen(RootKey, bytes.AsSpan(0, length), out _, out _));
            Assert.False(SegmentObject.TryOpen(RootKey, bytes.AsSpan(bytes.Length - length), out _, out _));
        }
    }

    [Fact]
    public void Open_FramesSwapped_IsRejected()
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, ThreeFrames);
        byte[] swapped = [.. bytes];
        Frame(bytes, 0).CopyTo(Frame(swapped, 1));
        Frame(bytes, 1).CopyTo(Frame(swapped, 0));

        Assert.False(SegmentObject.TryOpen(RootKey, swapped, out _, out _));
    }

    [Fact]
    public void Open_FrameRepeated_IsRejected()
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, ThreeFrames);
        Frame(bytes, 0).CopyTo(Frame(bytes, 1));

        Assert.False(SegmentObject.TryOpen(RootKey, bytes, out _, out _));
    }

    [Fact]
    public void Open_FrameOfAnotherSegment_IsRejected()
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, ThreeFrames);
        byte[] other = SegmentObject.Seal(RootKey, Header with { Segment = SegmentId.NewRandom() }, ThreeFrames);
        Frame(other, 0).CopyTo(Frame(bytes, 0));

        Assert.False(SegmentObject.TryOpen(RootKey, bytes, out _, out _));
    }

    [Fact]
    public void Open_HeaderOfAnotherSegment_IsRejected()
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, ThreeFrames);
        (Header with { Segment = SegmentId.NewRandom() }).Write(bytes);

        Assert.False(SegmentObject.TryOpen(RootKey, bytes, out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Open_FrameTakenOut_IsRejected(int number)
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, ThreeFrames);
        int start = (int)SegmentFormat.SealedFrameOffset(number);
        int end = Math.Min(start + SegmentFormat.SealedFrameSize, (int)SegmentFormat.FramesEnd(ThreeFrames.Length));
        byte[] shorter = [.. bytes[..start], .. bytes[end..]];
        Assert.True(SegmentTrailer.TryRead(bytes.AsSpan(bytes.Length - 32), out SegmentTrailer trailer));
        (trailer with { IndexOffset = trailer.IndexOffset - (ulong)(end - start) }).Write(shorter.AsSpan(shorter.Length - 32));

        Assert.False(SegmentObject.TryOpen(RootKey, shorter, out _, out _));
    }

    [Fact]
    public void Open_IndexOfAnotherSegmentOfTheSameShape_IsRejected()
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, ThreeFrames);
        byte[] other = SegmentObject.Seal(RootKey, Header with { Segment = SegmentId.NewRandom() }, ThreeFrames);
        int end = (int)SegmentFormat.FramesEnd(ThreeFrames.Length);

        Assert.False(SegmentObject.TryOpen(RootKey, [.. bytes[..end], .. other[end..]], out _, out _));
    }

    [Fact]
    public void Open_WithTheKeyOfAnotherEpoch_IsRejected()
    {
        byte[] bytes = SegmentObject.Seal(RootKey, Header, ThreeFrames);

        Assert.False(SegmentObject.TryOpen(RandomNumberGenerator.GetBytes(32), bytes, out _, out _));
    }

    private static Span<byte> Frame(byte[] bytes, int number) =>
        bytes.AsSpan((int)SegmentFormat.SealedFrameOffset(number), SegmentFormat.SealedFrameSize);
}
