using Xunit;

namespace HipaaFs.Crypto.Tests;

public sealed class SegmentIndexTests
{
    private static readonly SegmentRun[] Runs =
    [
        new(9, 0, 100, 20000),
        new(7, 4096, 50, 0),
        new(7, 0, 16384, 100),
        new(7, 0, 10, 90),
    ];

    [Fact]
    public void Constructor_RunsInAnyOrder_SortsThem()
    {
        var index = new SegmentIndex(30000, Runs);

        Assert.Equal([Runs[3], Runs[2], Runs[1], Runs[0]], index.Runs);
        Assert.Equal(2u, index.FrameCount);
    }

    [Fact]
    public void Decode_WhatWasEncoded_IsTheSame()
    {
        var index = new SegmentIndex(30000, Runs);
        byte[] encoded = index.Encode();

        Assert.Equal(SegmentIndex.SealedLength(4), encoded.Length + SegmentFormat.TagSize);
        Assert.True(SegmentIndex.TryDecode(encoded, out SegmentIndex? decoded));
        Assert.Equal(index.Runs, decoded.Runs);
        Assert.Equal(30000, decoded.PlaintextLength);
        Assert.Equal(encoded, decoded.Encode());
    }

    [Fact]
    public void Decode_NoRuns_IsEmpty()
    {
        Assert.True(SegmentIndex.TryDecode(new SegmentIndex(0, []).Encode(), out SegmentIndex? decoded));
        Assert.Equal(0u, decoded.FrameCount);
        Assert.Empty(decoded.Runs);
    }

    [Fact]
    public void Decode_EveryTruncation_IsRefused()
    {
        byte[] encoded = new SegmentIndex(30000, Runs).Encode();
        for (int length = 0; length < encoded.Length; length++)
        {
            Assert.False(SegmentIndex.TryDecode(encoded.AsSpan(0, length), out _));
        }

        Assert.False(SegmentIndex.TryDecode([.. encoded, 0], out _));
    }

    [Theory]
    [InlineData(0)] // frame count
    [InlineData(4)] // run count
    [InlineData(9)] // plaintext length: the last run no longer fits
    [InlineData(13)] // plaintext length beyond 4 GiB
    [InlineData(16)] // inode of the first run: no longer sorted
    [InlineData(31)] // sign of the first run's file offset
    public void Decode_FieldsThatDisagree_AreRefused(int offset)
    {
        byte[] encoded = new SegmentIndex(30000, Runs).Encode();
        encoded[offset] ^= offset == 31 ? (byte)0x80 : (byte)0x48;

        Assert.False(SegmentIndex.TryDecode(encoded, out _));
    }

    [Fact]
    public void Decode_RunOfNoBytes_IsRefused()
    {
        byte[] encoded = new SegmentIndex(100, [new SegmentRun(7, 0, 1, 0)]).Encode();
        encoded[16 + 16] = 0;

        Assert.False(SegmentIndex.TryDecode(encoded, out _));
    }

    [Fact]
    public void Constructor_RunsThatCannotBe_Throws()
    {
        Assert.Throws<ArgumentException>(() => new SegmentIndex(10, [new SegmentRun(1, 0, 11, 0)]));
        Assert.Throws<ArgumentException>(() => new SegmentIndex(10, [new SegmentRun(1, 0, 0, 0)]));
        Assert.Throws<ArgumentException>(() => new SegmentIndex(10, [new SegmentRun(1, -1, 1, 0)]));
        Assert.Throws<ArgumentException>(() => new SegmentIndex(10, [new SegmentRun(1, 0, 1, 0), new SegmentRun(1, 0, 2, 0)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SegmentIndex((1L << 32) + 1, []));
    }

    [Fact]
    public void SegmentRun_Operators_FollowTheOrderOfTheIndex()
    {
        Assert.True(Runs[3] < Runs[2] && Runs[2] < Runs[1] && Runs[1] < Runs[0]);
        Assert.True(Runs[0] > Runs[1] && Runs[0] >= Runs[1] && Runs[1] <= Runs[0]);
    }
}
