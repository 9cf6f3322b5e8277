using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class RetryBudgetTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Take_MoreThanThereIs_IsRefusedUntilTimeBringsMore()
    {
        RetryBudget budget = Create(capacity: 3, perSecond: 0.5);

        Assert.Equal([true, true, true, false, false], Enumerable.Range(0, 5).Select(_ => budget.TryTake()));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(budget.TryTake());
        Assert.False(budget.TryTake());
        _clock.Advance(TimeSpan.FromHours(1)); // Never more than the bucket holds.
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => budget.TryTake()));
    }

    [Fact]
    public void Succeeded_AtARepeat_GivesItBack_AtOnceAFifth()
    {
        RetryBudget budget = Create(capacity: 1, perSecond: 0);
        Assert.True(budget.TryTake());
        budget.Succeeded(repeated: true);
        Assert.True(budget.TryTake());
        for (int i = 0; i < 4; i++)
        {
            budget.Succeeded(repeated: false);
            Assert.False(budget.TryTake());
        }

        budget.Succeeded(repeated: false);
        Assert.True(budget.TryTake());
    }

    [Fact]
    public void NoBudget_IsNoRepeat() => Assert.False(Create(capacity: 0, perSecond: 1).TryTake());

    private RetryBudget Create(int capacity, double perSecond) => new(new RetryOptions { Budget = capacity, BudgetPerSecond = perSecond }, _clock);
}
