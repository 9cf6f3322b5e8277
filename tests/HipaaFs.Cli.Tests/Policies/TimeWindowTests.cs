using HipaaFs.Cli.Policies;
using HipaaFs.Transitions;
using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

public sealed class TimeWindowTests
{
    [Theory]
    [InlineData("20:00-06:00", 0, 6, 1200, 360)]
    [InlineData("00:00-24:00", 0, 6, 0, 1440)]
    [InlineData("mon-fri 19:30-07:00", 0, 4, 1170, 420)]
    [InlineData("sat-mon 00:00-24:00", 5, 0, 0, 1440)]
    [InlineData("wed 01:00-02:00", 2, 2, 60, 120)]
    public void TryParse_Window_IsReadAndWrittenBack(string text, int first, int last, int from, int to)
    {
        Assert.Null(TimeWindow.TryParse(text, out TimeWindow window));
        Assert.Equal(new TimeWindow(first, last, from, to), window);
        Assert.Equal(text, window.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("24:00-06:00")]
    [InlineData("1:00-2:00")]
    [InlineData("20:00 - 06:00")]
    [InlineData("20:00-06:60")]
    [InlineData("Mon 20:00-06:00")]
    [InlineData("mon- 20:00-06:00")]
    [InlineData("05:00-05:00")]
    public void TryParse_WhatIsNoWindow_IsRefused(string text)
    {
        Assert.NotNull(TimeWindow.TryParse(text, out _));
    }
}
