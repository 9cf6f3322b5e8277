using System.Security.Cryptography;
using Xunit;

namespace HipaaFs.Crypto.Tests;

public sealed class SegmentCipherTests : IDisposable
{
    private static readonly byte[] RootKey = RandomNumberGenerator.GetBytes(32);
    private static readonly SegmentHeader Header = new(SegmentId.NewRandom(), EpochId.NewRandom(), RecordClass.Data);

    private readonly SegmentCipher _cipher = new(RootKey, Header);

    public void Dispose() => _cipher.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(16383)]
    [InlineData(16384)]
    public void OpenFrame_AfterSeal_ReturnsThePlaintext(int length)
    {
        byte[] plaintext = RandomNumberGenerator.GetBytes(length);
        byte[] opened = new byte[length];

        Assert.True(_cipher.TryOpenFrame(3, Seal(3, plaintext), opened));
        Assert.Equal(plaintext, opened);
    }

    [Fact]
    public void OpenFrame_AnyBitFlipped_IsRejected()
    {
        byte[] frame = Seal(0, "protected health information"u8);
        byte[] opened = new byte[frame.Length - SegmentFormat.TagSize];
        for (int bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            opened.AsSpan().Fill(0xEE);
            Assert.False(_cipher.TryOpenFrame(0, frame, opened));
            Assert.False(opened.AsSpan().ContainsAnyExcept((byte)0), "a rejected frame leaves nothing behind");
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void OpenFrame_EveryTruncation_IsRejected()
    {
        byte[] frame = Seal(0, "protected health information"u8);
        for (int length = 0; length < frame.Length; length++)
        {
            byte[] opened = new byte[Math.Max(0, length - SegmentFormat.TagSize)];
            Assert.False(_cipher.TryOpenFrame(0, frame.AsSpan(0, length), opened));
        }
    }

    [Fact]
    public void OpenFrame_SwappedFrames_AreRejected()
    {
        byte[] first = Seal(0, "first"u8);
        byte[] second = Seal(1, "secnd"u8);

        Assert.False(_cipher.TryOpenFrame(0, second, new byte[5]));
        Assert.False(_cipher.TryOpenFrame(1, first, new byte[5]));
        Assert.False(_cipher.TryOpenFrame(ulong.MaxValue, first, new byte[5]));
    }

    [Fact]
    public void OpenFrame_OfAnotherSegmentEpochClassOrKey_IsRejected()
    {
        byte[] frame = Seal(0, "x"u8);
        byte[] otherKey = RandomNumberGenerator.GetBytes(32);

        AssertRejects(RootKey, Header with { Segment = SegmentId.NewRandom() }, frame);
        AssertRejects(RootKey, Header with { Epoch = EpochId.NewRandom() }, frame);
        AssertRejects(RootKey, Header with { Class = RecordClass.ChangeStream }, frame);
        AssertRejects(otherKey, Header, frame);
    }

    [Fact]
    public void OpenFrame_AnIndexInItsPlace_IsRejected()
    {
        byte[] index = _cipher.SealIndex(0, new byte[16]);

        Assert.False(_cipher.TryOpenFrame(0, index, new byte[16]));
    }

    [Fact]
    public void OpenIndex_AfterSeal_ReturnsIt()
    {
        Seal(0, "x"u8);
        byte[] encoded = new SegmentIndex(1, [new SegmentRun(7, 0, 1, 0)]).Encode();
        byte[] sealedIndex = _cipher.SealIndex(1, encoded);

        Assert.True(_cipher.TryOpenIndex(1, sealedIndex, out byte[]? opened));
        Assert.Equal(encoded, opened);
        Assert.False(_cipher.TryOpenIndex(0, sealedIndex, out _));
        Assert.False(_cipher.TryOpenIndex(2, sealedIndex, out _));
        Assert.False(_cipher.TryOpenIndex(1, sealedIndex.AsSpan(1), out _));
        Assert.False(_cipher.TryOpenIndex(1, sealedIndex.AsSpan(0, 15), out _));
    }

    [Fact]
    public void SealIndex_IntoABuffer_ReturnsItsLength()
    {
        byte[] buffer = new byte[100];

        Assert.Equal(32, _cipher.SealIndex(0, new byte[16], buffer));
        Assert.True(_cipher.TryOpenIndex(0, buffer.AsSpan(0, 32), out _));
    }

    [Fact]
    public void Seal_ANumberUsedBefore_Throws()
    {
        Seal(5, "x"u8);

        Assert.Throws<InvalidOperationException>(() => Seal(5, "y"u8));
        Assert.Throws<InvalidOperationException>(() => Seal(4, "y"u8));
        Assert.Throws<InvalidOperationException>(() => _cipher.SealIndex(5, new byte[16]));
        _cipher.SealIndex(6, new byte[16]);
        Assert.Throws<InvalidOperationException>(() => _cipher.SealIndex(6, new byte[16]));
        Assert.Throws<InvalidOperationException>(() => Seal(7, "y"u8));
    }

    [Fact]
    public void Seal_AfterAFailure_DoesNotUseTheNumberAgain()
    {
        Assert.ThrowsAny<ArgumentException>(() => _cipher.SealFrame(0, new byte[10], new byte[10]));

        Assert.Throws<InvalidOperationException>(() => Seal(0, "x"u8));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16385)]
    public void SealFrame_LengthThatNoFrameHas_Throws(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _cipher.SealFrame(0, new byte[length], new byte[20000]));

    [Fact]
    public void Constructor_KeyOfAnotherLength_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SegmentCipher(new byte[16], Header));

    [Fact]
    public void SealAndOpen_OnTheHotPath_AllocateNothing()
    {
        byte[] plaintext = new byte[SegmentFormat.FrameSize];
        byte[] frame = new byte[SegmentFormat.SealedFrameSize];
        for (ulong warmUp = 0; warmUp < 100; warmUp++)
        {
            _cipher.SealFrame(warmUp, plaintext, frame);
            Assert.True(_cipher.TryOpenFrame(warmUp, frame, plaintext));
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (ulong number = 100; number < 200; number++)
        {
            _cipher.SealFrame(number, plaintext, frame);
            _cipher.TryOpenFrame(number, frame, plaintext);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void AssertRejects(byte[] rootKey, SegmentHeader header, byte[] frame)
    {
        using var other = new SegmentCipher(rootKey, header);
        Assert.False(other.TryOpenFrame(0, frame, new byte[frame.Length - SegmentFormat.TagSize]));
    }

    private byte[] Seal(ulong number, ReadOnlySpan<byte> plaintext)
    {
        byte[] frame = new byte[plaintext.Length + SegmentFormat.TagSize];
        _cipher.SealFrame(number, plaintext, frame);
        return frame;
    }
}
