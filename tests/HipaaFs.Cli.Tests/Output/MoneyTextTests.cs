using System.Globalization;
using HipaaFs.Cli.Output;
using Xunit;

namespace HipaaFs.Cli.Tests.Output;

public sealed class MoneyTextTests
{
    [Theory]
    [InlineData("0", "0.00")]
    [InlineData("0.00000001", "<0.01")]
    [InlineData("0.0099", "<0.01")]
    [InlineData("0.01", "0.01")]
    [InlineData("1234.567", "1234.57")]
    [InlineData("-0.004", "-<0.01")]
    [InlineData("-2.5", "-2.50")]
    public void Format_Amount_IsInCentsAndNeverNothingForSomething(string amount, string expected) =>
        Assert.Equal(expected, MoneyText.Format(decimal.Parse(amount, CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("0", "0.00")]
    [InlineData("0.004", "+<0.01")]
    [InlineData("2.5", "+2.50")]
    [InlineData("-2.5", "-2.50")]
    public void FormatChange_Amount_HasItsSign(string amount, string expected) =>
        Assert.Equal(expected, MoneyText.FormatChange(decimal.Parse(amount, CultureInfo.InvariantCulture)));
}
