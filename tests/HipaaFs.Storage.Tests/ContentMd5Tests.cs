using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class ContentMd5Tests
{
    private const string Hex = "d41d8cd98f00b204e9800998ecf8427e";

    [Theory]
    [InlineData(Hex, null)]
    [InlineData("D41D8CD98F00B204E9800998ECF8427E", null)]
    [InlineData(Hex + "-1", 1)]
    [InlineData(Hex + "-10000", 10000)]
    public void OfEntityTag_OfContentOrParts_IsItsMd5(string tag, int? parts) => Assert.Equal(new ContentMd5(Hex, parts), ContentMd5.OfEntityTag(tag));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0x8D4BCC2E4835CD0")]
    [InlineData("g41d8cd98f00b204e9800998ecf8427e")]
    [InlineData(Hex + "0")]
    [InlineData(Hex + "-")]
    [InlineData(Hex + "-0")]
    [InlineData(Hex + "-+1")]
    public void OfEntityTag_OfAnotherForm_IsNone(string? tag) => Assert.Null(ContentMd5.OfEntityTag(tag));
}
