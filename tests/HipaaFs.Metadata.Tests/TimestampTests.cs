using Xunit;

namespace HipaaFs.Metadata.Tests;

public sealed class TimestampTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1_500_000_000, 1, 500_000_000)]
    [InlineData(-1, -1, 999_999_999)]
    [InlineData(-1_000_000_000, -1, 0)]
    [InlineData(-1_500_000_000, -2, 500_000_000)]
    [InlineData(long.MinValue, -9_223_372_037, 145_224_192)]
    public void Seconds_AreRoundedTowardsThePast(long nanoseconds, long seconds, uint rest)
    {
        var time = new Timestamp(nanoseconds);

        Assert.Equal((seconds, rest), (time.Seconds, time.SubsecondNanoseconds));
        Assert.Equal(time, Timestamp.FromUnixTime(seconds, rest));
    }

    [Fact]
    public void FromDateTimeOffset_ThereAndBack_IsTheSame()
    {
        var moment = new DateTimeOffset(1969, 12, 31, 23, 59, 59, 123, TimeSpan.Zero);

        Assert.Equal(moment, Timestamp.FromDateTimeOffset(moment).ToDateTimeOffset());
        Assert.Equal(new Timestamp(long.MaxValue), Timestamp.FromDateTimeOffset(DateTimeOffset.MaxValue));
        Assert.Equal(new Timestamp(long.MinValue), Timestamp.FromUnixTime(long.MinValue, 0));
    }
}
