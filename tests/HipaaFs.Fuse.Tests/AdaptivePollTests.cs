using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class AdaptivePollTests
{
    [Fact]
    public void Next_PollingIsFaster_KeepsPollingMostOfTheTime()
    {
        Assert.InRange(ShareOfPolling(pollCost: 10, sleepCost: 20), 0.85, 1);
    }

    [Fact]
    public void Next_SleepingIsFaster_SleepsMostOfTheTime()
    {
        Assert.InRange(ShareOfPolling(pollCost: 20, sleepCost: 10), 0, 0.15);
    }

    [Fact]
    public void Missed_SeveralTimesInARow_EndsPolling()
    {
        var poll = new AdaptivePoll();
        Assert.True(poll.Next());
        for (int miss = 0; miss < 8; miss++)
        {
            poll.Missed();
        }

        Assert.False(poll.Next());
    }

    // Windows are ended by hand, with the time that the way in force would have taken.
    private static double ShareOfPolling(long pollCost, long sleepCost)
    {
        const int Windows = 2000;
        var poll = new AdaptivePoll();
        long now = 0;
        int polled = 0;
        for (int window = 0; window < Windows; window++)
        {
            bool polls = poll.Next();
            polled += polls ? 1 : 0;
            now += polls ? pollCost : sleepCost;
            poll.EndWindow(now);
        }

        return (double)polled / Windows;
    }
}
