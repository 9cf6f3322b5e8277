using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class AdaptivePollTests
{
    private const long PollTicks = 100;

    [Fact]
    public void Next_PollingIsFaster_KeepsPollingMostOfTheTime()
    {
        Assert.InRange(ShareOfPolling(pollTurn: 10, sleepTurn: 20), 0.9, 1);
    }

    [Fact]
    public void Next_SleepingIsFaster_SleepsMostOfTheTime()
    {
        Assert.InRange(ShareOfPolling(pollTurn: 20, sleepTurn: 10), 0, 0.1);
    }

    [Fact]
    public void Missed_SeveralTimesInARow_EndsPolling()
    {
        var clock = new Turns();
        Assert.True(clock.Next(10, 10));
        clock.MissUntilItStops();

        Assert.False(clock.Next(10, 10));
    }

    [Fact]
    public void Next_AfterMisses_MessagesCloseTogetherBringPollingBack()
    {
        var clock = new Turns();
        clock.MissUntilItStops();

        Assert.InRange(clock.PolledOf(20 * AdaptivePoll.Window, pollTurn: 15, sleepTurn: 50), 0.8, 1);
    }

    [Fact]
    public void Next_AfterMisses_MessagesFarApartDoNotBringPollingBackSoon()
    {
        var clock = new Turns();
        clock.MissUntilItStops();

        Assert.Equal(0, clock.PolledOf(7 * AdaptivePoll.Window, pollTurn: 300, sleepTurn: 300));
    }

    [Fact]
    public void Disturbed_WhilePolling_SleepsForSomeHundredMessages()
    {
        var clock = new Turns();
        clock.Next(15, 50);
        clock.Disturb();

        Assert.Equal(0, clock.PolledOf(7 * AdaptivePoll.Window, pollTurn: 15, sleepTurn: 50));
        Assert.InRange(clock.PolledOf(20 * AdaptivePoll.Window, pollTurn: 15, sleepTurn: 50), 0.8, 1);
    }

    [Fact]
    public void Next_WorkChanges_IsTriedAnewLongBeforeTheHoldEnds()
    {
        var clock = new Turns();
        clock.PolledOf(1000 * AdaptivePoll.Window, pollTurn: 300, sleepTurn: 200);

        Assert.InRange(clock.PolledOf(40 * AdaptivePoll.Window, pollTurn: 15, sleepTurn: 50), 0.7, 1);
    }

    [Fact]
    public void Next_OneLongStall_ChangesNothing()
    {
        var clock = new Turns();
        clock.PolledOf(1000 * AdaptivePoll.Window, pollTurn: 15, sleepTurn: 50);
        clock.Next(1_000_000, 1_000_000);

        Assert.Equal(1, clock.PolledOf(20 * AdaptivePoll.Window, pollTurn: 15, sleepTurn: 50), 0.06);
    }

    [Fact]
    public void Next_FirstMessagesAfterAChange_AreNotTimed()
    {
        var clock = new Turns();
        clock.PolledOf(1000 * AdaptivePoll.Window, pollTurn: 20, sleepTurn: 30);

        // A change of way is dear at first: threads park and wake. Both ways pay it, and only what comes after decides.
        Assert.InRange(clock.PolledOf(2000 * AdaptivePoll.Window, pollTurn: 20, sleepTurn: 10, afterAChange: 390), 0, 0.1);
    }

    private static double ShareOfPolling(long pollTurn, long sleepTurn) => new Turns().PolledOf(2000 * AdaptivePoll.Window, pollTurn, sleepTurn);

    /// <summary>A clock that each message moves by what the way in force would have taken.</summary>
    private sealed class Turns
    {
        private readonly AdaptivePoll _poll = new(PollTicks);
        private bool _polls = true;
        private int _unsettled;
        private long _now;

        internal bool Next(long pollTurn, long sleepTurn, long afterAChange = 0)
        {
            bool before = _polls;
            _now += _unsettled > 0 ? afterAChange : _polls ? pollTurn : sleepTurn;
            _unsettled = Math.Max(0, _unsettled - 1);
            if (_polls)
            {
                _poll.Found();
            }

            _polls = _poll.Next(_now);
            if (_polls != before && afterAChange > 0)
            {
                _unsettled = AdaptivePoll.Settling;
            }

            return _polls;
        }

        internal double PolledOf(int messages, long pollTurn, long sleepTurn, long afterAChange = 0)
        {
            int polled = 0;
            for (int i = 0; i < messages; i++)
            {
                polled += Next(pollTurn, sleepTurn, afterAChange) ? 1 : 0;
            }

            return (double)polled / messages;
        }

        internal void Disturb()
        {
            _poll.Disturbed();
            _polls = false;
        }

        internal void MissUntilItStops()
        {
            for (int miss = 0; miss < 8; miss++)
            {
                _poll.Missed();
            }

            _polls = false;
        }
    }
}
