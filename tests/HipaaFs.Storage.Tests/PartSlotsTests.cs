using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class PartSlotsTests
{
    private const int Slots = 2;
    private readonly PartSlots _slots = new(Slots);

    [Fact]
    public async Task Leave_HandsTheSlotToWhoBeganFirst()
    {
        long older = _slots.Begin();
        long newer = _slots.Begin();
        await _slots.EnterAsync(newer, default);
        await _slots.EnterAsync(newer, default);
        Task third = _slots.EnterAsync(newer, default).AsTask();
        Task first = _slots.EnterAsync(older, default).AsTask();
        Assert.False(first.IsCompleted || third.IsCompleted);

        _slots.Leave(newer);
        await first;
        Assert.False(third.IsCompleted);
        _slots.Leave(newer);
        await third;
    }

    [Fact]
    public async Task Leave_WhenTheNextHasGivenUp_HandsTheSlotToTheOneAfter()
    {
        long turn = _slots.Begin();
        await _slots.EnterAsync(turn, default);
        await _slots.EnterAsync(turn, default);
        using var stop = new CancellationTokenSource();
        Task givenUp = _slots.EnterAsync(turn, stop.Token).AsTask();
        long later = _slots.Begin();
        Task waiting = _slots.EnterAsync(later, default).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);

        _slots.Leave(turn);
        await waiting;
        _slots.Leave(turn);
        _slots.Leave(later);
        for (int i = 0; i < Slots; i++)
        {
            Assert.True(_slots.EnterAsync(turn, default).AsTask().IsCompletedSuccessfully);
        }

        Assert.False(_slots.EnterAsync(turn, default).AsTask().IsCompleted); // No slot was lost, and none made.
    }

    [Fact]
    public async Task Leave_WhenTheOldestHasMost_HandsTheLastQuarterToTheNext()
    {
        var slots = new PartSlots(8);
        long oldest = slots.Begin();
        long next = slots.Begin();
        for (int i = 0; i < 8; i++)
        {
            await slots.EnterAsync(oldest, default); // Nobody else wants one.
        }

        Task more = slots.EnterAsync(oldest, default).AsTask();
        Task first = slots.EnterAsync(next, default).AsTask();
        slots.Leave(oldest);
        await first;
        Task second = slots.EnterAsync(next, default).AsTask();
        slots.Leave(oldest);
        await second;
        Task third = slots.EnterAsync(next, default).AsTask();
        Assert.False(more.IsCompleted || third.IsCompleted);
        slots.Leave(oldest);
        await more;
        slots.Leave(next);
        await third;

        // Whom nobody waits behind has them all again.
        slots.Leave(next);
        slots.Leave(next);
        Assert.True(slots.EnterAsync(oldest, default).AsTask().IsCompletedSuccessfully);
        Assert.True(slots.EnterAsync(oldest, default).AsTask().IsCompletedSuccessfully);
        Task last = slots.EnterAsync(oldest, default).AsTask();
        Assert.False(last.IsCompleted);
        slots.Leave(oldest);
        await last;
    }
}
