using HipaaFs.Cli.Placing;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

public sealed class UsualRecallTimeTests
{
    [Theory]
    [InlineData("s3://bucket", RestoreSpeed.Expedited, 1, 5)]
    [InlineData("s3://bucket", RestoreSpeed.Standard, 180, 300)]
    [InlineData("s3://bucket", RestoreSpeed.Bulk, 300, 720)]
    [InlineData("s3://bucket?archive-class=DEEP_ARCHIVE", RestoreSpeed.Standard, 0, 720)]
    [InlineData("s3://bucket?archive-class=DEEP_ARCHIVE", RestoreSpeed.Bulk, 0, 2880)]
    [InlineData("azblob://account/container", RestoreSpeed.Expedited, 0, 60)]
    [InlineData("azblob://account/container", RestoreSpeed.Bulk, 0, 900)]
    public void Of_Store_IsWhatItsProviderSays(string url, RestoreSpeed speed, int atLeast, int atMost)
    {
        Assert.Equal(new UsualRecallTime(TimeSpan.FromMinutes(atLeast), TimeSpan.FromMinutes(atMost)), UsualRecallTime.Of(StoreUrl.Parse(url), speed));
        Assert.True(UsualRecallTime.IsOffered(StoreUrl.Parse(url), speed));
    }

    [Fact]
    public void Of_SpeedThatThereIsNot_IsUnknown()
    {
        StoreUrl deep = StoreUrl.Parse("s3://bucket?archive-class=DEEP_ARCHIVE");

        Assert.Null(UsualRecallTime.Of(deep, RestoreSpeed.Expedited));
        Assert.False(UsualRecallTime.IsOffered(deep, RestoreSpeed.Expedited));
        Assert.Null(UsualRecallTime.Of(StoreUrl.Parse("file:///store"), RestoreSpeed.Standard));
    }
}
