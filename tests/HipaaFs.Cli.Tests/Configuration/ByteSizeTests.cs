using HipaaFs.Cli.Configuration;
using Xunit;

namespace HipaaFs.Cli.Tests.Configuration;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("4096B", 4096)]
    [InlineData("1KiB", 1024)]
    [InlineData("1k", 1024)]
    [InlineData("1KB", 1000)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("512 MiB", 512L << 20)]
    [InlineData("1.5GiB", 3L << 29)]
    [InlineData("2TiB", 2L << 40)]
    [InlineData("2tb", 2_000_000_000_000)]
    public void Parse_Amount_GivesBytes(string text, long expected)
    {
        Assert.True(ByteSize.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1GiB")]
    [InlineData("1e3")]
    [InlineData("10 GiBs")]
    [InlineData("1,5GiB")]
    [InlineData("9000000PiB")]
    [InlineData("99999999999999999999999")]
    public void Parse_AnythingElse_IsRefused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(1)]
    [InlineData(1024)]
    [InlineData(256L << 20)]
    [InlineData((10L << 30) + 1)]
    public void FormatExact_AnyAmount_IsReadBack(long bytes)
    {
        Assert.True(ByteSize.TryParse(ByteSize.FormatExact(bytes), out long read));
        Assert.Equal(bytes, read);
    }
}
