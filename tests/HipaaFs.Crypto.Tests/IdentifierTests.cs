using Xunit;

namespace HipaaFs.Crypto.Tests;

public sealed class IdentifierTests
{
    private const string Text = "000102030405060708090a0b0c0d0e0f";

    [Fact]
    public void Write_AnId_IsBigEndian()
    {
        Assert.True(SegmentId.TryParse(Text, out SegmentId id));
        byte[] bytes = new byte[SegmentId.Size];
        id.Write(bytes);

        Assert.Equal(Convert.FromHexString(Text), bytes);
        Assert.Equal(id, SegmentId.Read(bytes));
        Assert.Equal(Text, id.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("0001020304050607")]
    [InlineData("000102030405060708090A0B0C0D0E0F")]
    [InlineData("000102030405060708090a0b0c0d0e0g")]
    [InlineData(" 00102030405060708090a0b0c0d0e0f")]
    [InlineData("000102030405060708090a0b0c0d0e0f0")]
    public void TryParse_OtherText_IsRefused(string text)
    {
        Assert.False(SegmentId.TryParse(text, out _));
        Assert.False(EpochId.TryParse(text, out _));
        Assert.False(WrapId.TryParse(text, out _));
    }

    [Fact]
    public void NewRandom_Twice_Differs()
    {
        Assert.NotEqual(SegmentId.NewRandom(), SegmentId.NewRandom());
        Assert.NotEqual(EpochId.NewRandom(), EpochId.NewRandom());
        Assert.NotEqual(WrapId.NewRandom(), WrapId.NewRandom());
    }

    [Fact]
    public void NameTag_Order_IsByteOrder()
    {
        NameTag low = NameTag.Read(Convert.FromHexString("00ffffffffffffffffffffffffffffff"));
        NameTag high = NameTag.Read(Convert.FromHexString("01000000000000000000000000000000"));

        Assert.True(low < high);
        Assert.True(high > low);
        Assert.True(low <= high && high >= low);
        Assert.True(low.CompareTo(high) < 0);
        Assert.Equal(0x00ffffffffffffffUL, low.High64);
    }

    [Fact]
    public void DomainId_Root_IsZero() => Assert.Equal("0", DomainId.Root.ToString());
}
