using HipaaFs.Cli.Configuration;
using Xunit;

namespace HipaaFs.Cli.Tests.Configuration;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("0s", 0)]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("12h", 43200)]
    [InlineData("1d", 86400)]
    public void Parse_Length_GivesSeconds(string text, double seconds)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1y")]
    [InlineData("999999999999d")]
    public void Parse_AnythingElse_IsRefused(string text) => Assert.False(DurationText.TryParse(text, out _));
}
