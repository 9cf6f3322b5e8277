using System.Text;
using HipaaFs.Placements;

namespace HipaaFs.Core.Tests.Placements;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("[\\]]x", "]x", true)]
    [InlineData("[\\]]x", "\\]x", false)]
    [InlineData("a[\\-z]", "a-", true)]
    [InlineData("a[\\-z]", "ab", false)]
    [InlineData("a[!\\]]", "a]", false)]
    [InlineData("*", "", true)]
    [InlineData("*", ".hidden", true)]
    [InlineData("*.bam", "a.bam", true)]
    [InlineData("*.bam", ".bam", true)]
    [InlineData("*.bam", "a.bam.bai", false)]
    [InlineData("*.bam", "a.BAM", false)]
    [InlineData("a*b*c", "a-b-b-c", true)]
    [InlineData("a*b*c", "a-b-c-", false)]
    [InlineData("?.gz", "\u00e9.gz", true)]
    [InlineData("?", "ab", false)]
    [InlineData("?", "", false)]
    [InlineData("s_R[12].fq", "s_R1.fq", true)]
    [InlineData("s_R[12].fq", "s_R3.fq", false)]
    [InlineData("[a-c]", "b", true)]
    [InlineData("[!a-c]", "b", false)]
    [InlineData("[!a-c]", "d", true)]
    [InlineData("[]a]", "]", true)]
    [InlineData("[a-]", "-", true)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "x", false)]
    [InlineData("\ud83e\uddec*", "\ud83e\uddec.txt", true)]
    [InlineData("**a", "bba", true)]
    public void Matches_Name_AsWritten(string pattern, string name, bool expected)
    {
        Assert.Null(NamePattern.TryParse(pattern, out NamePattern parsed));
        Assert.Equal(expected, parsed.Matches(Encoding.UTF8.GetBytes(name)));
    }

    [Theory]
    [InlineData("?.x", true)]
    [InlineData("*.x", true)]
    [InlineData("[!a].x", true)]
    [InlineData("\ufffd.x", false)]
    public void Matches_ByteThatIsNoUtf8_IsOneCharacterWithoutAName(string pattern, bool expected)
    {
        Assert.Null(NamePattern.TryParse(pattern, out NamePattern parsed));
        Assert.Equal(expected, parsed.Matches([0xff, (byte)'.', (byte)'x']));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("[a")]
    [InlineData("[]")]
    [InlineData("[!]")]
    [InlineData("[b-a]")]
    [InlineData("a\\")]
    public void TryParse_WhatIsNoPattern_IsRefused(string pattern)
    {
        Assert.NotNull(NamePattern.TryParse(pattern, out _));
    }

    [Fact]
    public void Matches_ManyRuns_TakesNoExponentialTime()
    {
        Assert.Null(NamePattern.TryParse(string.Concat(Enumerable.Repeat("*a", 100)) + "b", out NamePattern parsed));
        Assert.False(parsed.Matches(Encoding.UTF8.GetBytes(new string('a', 255))));
    }
}
