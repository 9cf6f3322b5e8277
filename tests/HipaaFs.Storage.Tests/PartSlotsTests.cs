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

        _slots.Leave();
        await first;
        Assert.False(third.IsCompleted);
        _slots.Leave();
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
        Task waiting = _slots.EnterAsync(_slots.Begin(), default).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);

        _slots.Leave();
        await waiting;
        _slots.Leave();
        _slots.Leave();
        for (int i = 0; i < Slots; i++)
        {
            Assert.True(_slots.EnterAsync(turn, default).AsTask().IsCompletedSuccessfully);
        }

        Assert.False(_slots.EnterAsync(turn, default).AsTask().IsCompleted); // No slot was lost, and none made.
    }
}
