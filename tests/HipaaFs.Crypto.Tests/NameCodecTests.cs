using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace HipaaFs.Crypto.Tests;

public sealed class NameCodecTests : IDisposable
{
    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(32);

    private readonly NameCodec _names = new(Secret);
    private readonly byte[] _opened = new byte[NameCodec.MaxNameLength];

    public void Dispose() => _names.Dispose();

    [Theory]
    [InlineData("a")]
    [InlineData("NA12878.bam")]
    [InlineData("röntgen ☢.dcm")]
    public void Open_AfterSeal_ReturnsTheName(string text)
    {
        byte[] name = Encoding.UTF8.GetBytes(text);
        NameTag tag = _names.Tag(42, name);
        byte[] sealedName = _names.Seal(42, tag, name);

        Assert.Equal(name.Length + NameCodec.NameOverhead, sealedName.Length);
        Assert.True(_names.TryOpen(42, tag, sealedName, _opened, out int length));
        Assert.Equal(name, _opened[..length]);
    }

    [Fact]
    public void Open_NamesOfEveryLength_ReturnsThem()
    {
        for (int size = 1; size <= NameCodec.MaxNameLength; size++)
        {
            byte[] name = RandomNumberGenerator.GetBytes(size);
            NameTag tag = _names.Tag(1, name);
            Assert.True(_names.TryOpen(1, tag, _names.Seal(1, tag, name), _opened, out int length));
            Assert.Equal(name, _opened[..length]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    public void Seal_LengthThatNoNameHas_Throws(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _names.Seal(1, default, new byte[length]));

    [Fact]
    public void Open_LengthThatNoNameHas_IsRejected()
    {
        Assert.False(_names.TryOpen(1, default, new byte[16], _opened, out _));
        Assert.False(_names.TryOpen(1, default, new byte[272], new byte[300], out _));
        Assert.False(_names.TryOpen(1, default, [], _opened, out _));
    }

    [Fact]
    public void Tag_SameName_DependsOnTheParent()
    {
        NameTag here = _names.Tag(1, "report.txt"u8);

        Assert.Equal(here, _names.Tag(1, "report.txt"u8));
        Assert.NotEqual(here, _names.Tag(2, "report.txt"u8));
        Assert.NotEqual(here, _names.Tag(1, "report.tx"u8));
    }

    [Fact]
    public void Tag_OfAnotherDomain_IsUnrelated()
    {
        using var other = new NameCodec(RandomNumberGenerator.GetBytes(32));
        NameTag tag = _names.Tag(1, "report.txt"u8);

        Assert.NotEqual(tag, other.Tag(1, "report.txt"u8));
        Assert.False(other.TryOpen(1, tag, _names.Seal(1, tag, "report.txt"u8), _opened, out _));
    }

    [Fact]
    public void Open_AnyBitFlippedOrMoved_IsRejected()
    {
        NameTag tag = _names.Tag(1, "report.txt"u8);
        byte[] sealedName = _names.Seal(1, tag, "report.txt"u8);
        for (int bit = 0; bit < sealedName.Length * 8; bit++)
        {
            sealedName[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(_names.TryOpen(1, tag, sealedName, _opened, out int length));
            Assert.Equal(0, length);
            sealedName[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int bit = 0; bit < 128; bit++)
        {
            Assert.False(_names.TryOpen(1, new NameTag(tag.Value ^ (UInt128.One << bit)), sealedName, _opened, out _));
        }

        Assert.False(_names.TryOpen(2, tag, sealedName, _opened, out _));
    }

    [Fact]
    public void Open_NameSealedUnderAWrongTag_IsRejected()
    {
        NameTag wrong = _names.Tag(1, "other"u8);

        Assert.False(_names.TryOpen(1, wrong, _names.Seal(1, wrong, "report.txt"u8), _opened, out _));
    }

    [Theory]
    [InlineData(SealedKind.SymlinkTarget, "", "../reference/GRCh38.fa")]
    [InlineData(SealedKind.XattrName, "", "user.mrn")]
    [InlineData(SealedKind.XattrValue, "user.mrn", "MRN 0012345")]
    [InlineData(SealedKind.XattrValue, "user.empty", "")]
    public void OpenAttribute_AfterSeal_ReturnsIt(SealedKind kind, string nameText, string plaintextText)
    {
        byte[] name = Encoding.UTF8.GetBytes(nameText);
        byte[] plaintext = Encoding.UTF8.GetBytes(plaintextText);
        byte[] value = _names.SealAttribute(kind, 9, name, plaintext);

        Assert.Equal(plaintext.Length + NameCodec.AttributeOverhead, value.Length);
        Assert.Equal(value, _names.SealAttribute(kind, 9, name, plaintext));
        Assert.True(_names.TryOpenAttribute(kind, 9, name, value, out byte[]? opened));
        Assert.Equal(plaintext, opened);
    }

    [Fact]
    public void OpenAttribute_OfAnotherInodeNameOrKind_IsRejected()
    {
        byte[] value = _names.SealAttribute(SealedKind.XattrValue, 9, "user.mrn"u8, "MRN 0012345"u8);

        Assert.False(_names.TryOpenAttribute(SealedKind.XattrValue, 8, "user.mrn"u8, value, out _));
        Assert.False(_names.TryOpenAttribute(SealedKind.XattrValue, 9, "user.other"u8, value, out _));
        Assert.False(_names.TryOpenAttribute(SealedKind.XattrName, 9, "user.mrn"u8, value, out _));
        Assert.False(_names.TryOpenAttribute(SealedKind.SymlinkTarget, 9, "user.mrn"u8, value, out _));
    }

    [Fact]
    public void OpenAttribute_AnyBitFlippedOrTruncated_IsRejected()
    {
        byte[] value = _names.SealAttribute(SealedKind.SymlinkTarget, 9, [], "target"u8);
        for (int bit = 0; bit < value.Length * 8; bit++)
        {
            value[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(_names.TryOpenAttribute(SealedKind.SymlinkTarget, 9, [], value, out _));
            value[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < value.Length; length++)
        {
            Assert.False(_names.TryOpenAttribute(SealedKind.SymlinkTarget, 9, [], value.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void SealAttribute_NoKind_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _names.SealAttribute(SealedKind.None, 1, [], "x"u8));

    [Fact]
    public void XattrTag_OfAName_IsTheTagOfItsSealedName()
    {
        NameTag tag = _names.XattrTag(9, "user.mrn"u8);

        Assert.Equal(NameTag.Read(_names.SealAttribute(SealedKind.XattrName, 9, [], "user.mrn"u8)), tag);
        Assert.NotEqual(tag, _names.XattrTag(10, "user.mrn"u8));
        Assert.NotEqual(tag, _names.Tag(9, "user.mrn"u8));
    }

    [Fact]
    public void Tag_FromManyThreads_IsTheSame()
    {
        NameTag expected = _names.Tag(1, "report.txt"u8);

        Parallel.For(0, 20_000, _ =>
        {
            Assert.Equal(expected, _names.Tag(1, "report.txt"u8));
        });
    }

    [Fact]
    public void Tag_OnTheHotPath_AllocatesNothing()
    {
        for (int i = 0; i < 100; i++)
        {
            _names.Tag(1, "report.txt"u8);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            _names.Tag(1, "report.txt"u8);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Constructor_SecretOfAnotherLength_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new NameCodec(new byte[31]));
}
