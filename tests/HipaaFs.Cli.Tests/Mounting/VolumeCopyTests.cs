using HipaaFs.Cli.Mounting;
using Xunit;

namespace HipaaFs.Cli.Tests.Mounting;

public sealed class VolumeCopyTests
{
    private static readonly Guid Volume = Guid.Parse(VolumeDirectory.Id);

    [Fact]
    public void In_TwoDirectories_AreTwoCopies()
    {
        var one = VolumeCopy.In("/srv/one", Volume);

        Assert.Equal(one, VolumeCopy.In("/srv/one/", Volume));
        Assert.NotEqual(one, VolumeCopy.In("/srv/two", Volume));
    }

    [Fact]
    public void TryParse_WhatToStringWrites_GivesTheSame()
    {
        var copy = VolumeCopy.In("/srv/one", Volume);

        Assert.Equal(copy, VolumeCopy.TryParse(copy.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-0badcafe")]
    [InlineData("-0BADCAFE")]
    [InlineData("_0badcafe")]
    [InlineData("-0badcaf")]
    public void TryParse_SomethingElse_GivesNull(string after)
    {
        string text = after == "-0badcafe" ? $"{Volume:N}    {after}" : Volume + after;

        Assert.Null(VolumeCopy.TryParse(text));
    }
}
