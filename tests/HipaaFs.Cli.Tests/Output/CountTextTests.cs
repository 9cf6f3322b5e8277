using HipaaFs.Cli.Output;
using Xunit;

namespace HipaaFs.Cli.Tests.Output;

public sealed class CountTextTests
{
    [Theory]
    [InlineData(0, "0 files")]
    [InlineData(1, "1 file")]
    [InlineData(2, "2 files")]
    public void Format_Count_HasTheWordThatFits(long count, string expected) => Assert.Equal(expected, CountText.Format(count, "file"));

    [Theory]
    [InlineData(1, "1 directory")]
    [InlineData(3, "3 directories")]
    public void Format_WordWithAPluralOfItsOwn_UsesIt(long count, string expected) => Assert.Equal(expected, CountText.Format(count, "directory", "directories"));
}
