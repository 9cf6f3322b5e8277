using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class ObjectRetentionTests
{
    private static readonly DateTimeOffset Day = new(2031, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Until_OfPartsOfASecond_IsRoundedUp()
    {
        Assert.Equal(Day.AddSeconds(1), new ObjectRetention(RetentionMode.Governance, Day.AddTicks(1)).Until);
        Assert.Equal(Day, new ObjectRetention(RetentionMode.Governance, Day.ToOffset(TimeSpan.FromHours(5))).Until);
    }

    [Theory]
    [InlineData(RetentionMode.Governance, 0, RetentionMode.Governance, 0, false)]
    [InlineData(RetentionMode.Governance, 0, RetentionMode.Compliance, 0, false)]
    [InlineData(RetentionMode.Compliance, 0, RetentionMode.Governance, 0, true)]
    [InlineData(RetentionMode.Compliance, 0, RetentionMode.Compliance, 1, false)]
    [InlineData(RetentionMode.Compliance, 0, RetentionMode.Compliance, -1, true)]
    [InlineData(RetentionMode.Governance, 0, RetentionMode.Compliance, -1, true)]
    public void Weakened_ByAnEarlierEndOrAMilderMode(RetentionMode mode, int days, RetentionMode other, int otherDays, bool expected)
    {
        var retention = new ObjectRetention(mode, Day.AddDays(days));
        var next = new ObjectRetention(other, Day.AddDays(otherDays));

        Assert.Equal(expected, retention.IsWeakenedBy(next));
        Assert.Equal(!expected, new ObjectProtection { Retention = next }.Covers(new ObjectProtection { Retention = retention }));
        Assert.True(retention.IsWeakenedBy(null));
    }

    [Fact]
    public void Protection_InForce_UntilItsEndOrTheRelease()
    {
        var retained = new ObjectProtection { Retention = new ObjectRetention(RetentionMode.Compliance, Day) };
        Assert.True(retained.IsInForce(Day.AddSeconds(-1)));
        Assert.False(retained.IsInForce(Day));
        Assert.True((retained with { LegalHold = true }).IsInForce(Day));
        Assert.False(ObjectProtection.None.IsInForce(Day));
        Assert.False(retained.Covers(new ObjectProtection { LegalHold = true }));
    }
}
