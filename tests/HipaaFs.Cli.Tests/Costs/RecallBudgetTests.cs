using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Policies;
using HipaaFs.Spending;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Costs;

public sealed class RecallBudgetTests
{
    private const long Gib = 1L << 30;

    // 1000 objects and 100 GiB at the usual speed: 0.60 for requests, 2.00 for bringing back.
    private static readonly (long Segments, long Bytes) Asked = (1000, 100 * Gib);
    private static readonly StorePrices Prices = new()
    {
        Requests = new Dictionary<StoreVerb, decimal> { [StoreVerb.Restore] = 0.6m },
        ArchiveRetrieval = new Dictionary<RestoreSpeed, decimal> { [RestoreSpeed.Standard] = 0.02m, [RestoreSpeed.Expedited] = 0.12m },
    };

    [Theory]
    [InlineData(10.00, true)] // 7.40 are used.
    [InlineData(9.99, false)]
    public void Compare_Money_CountsWhatWasBroughtBackBefore(double limit, bool fits)
    {
        PolicyStore store = Store(new PolicyBudget(null, Money((decimal)limit), 0.8, [BudgetStop.Recall]));
        var before = new SpentRequests { RestoredBytes = new Dictionary<RestoreSpeed, long> { [RestoreSpeed.Standard] = 370 * Gib } };

        IReadOnlyList<RecallShortage> shortages = RecallBudget.Compare(store, "EUR", new StoreSpending { ThisMonth = before }, Asked, RestoreSpeed.Standard);

        if (fits)
        {
            Assert.Empty(shortages);
            return;
        }

        RecallShortage shortage = Assert.Single(shortages);
        Assert.True(shortage.Stops);
        Assert.Equal("store vault would charge 2.60 EUR for it, and 2.59 of the 9.99 EUR of its budget for this month are left", shortage.ToString());
    }

    [Fact]
    public void Compare_GreaterSpeed_CostsMore()
    {
        PolicyStore store = Store(new PolicyBudget(Money(12.59m), null, 0.8, [])); // 0.60 and 12.00.

        Assert.Empty(RecallBudget.Compare(store, "EUR", null, Asked, RestoreSpeed.Standard));
        RecallShortage shortage = Assert.Single(RecallBudget.Compare(store, "EUR", null, Asked, RestoreSpeed.Expedited));
        Assert.Equal((12.6m, "day", false), (shortage.Cost, shortage.Line.Period, shortage.Stops)); // It only warns.
    }

    [Fact]
    public void Compare_RequestsAndBytes_AreHeldAgainstTheirLimits()
    {
        PolicyStore store = Store(new PolicyBudget(new BudgetLimit(1500, 100, null), null, 0.8, [BudgetStop.Recall]));
        var before = new SpentRequests { ByVerb = new Dictionary<StoreVerb, long> { [StoreVerb.Put] = 501 }, SentBytes = 100 };

        Assert.Equal(
            [
                "store vault would get 1000 requests, and 999 of the 1500 of its budget for this day are left",
                "store vault may send and get 100 bytes by its budget for this day, and they are used up",
            ],
            RecallBudget.Compare(store, "EUR", new StoreSpending { Today = before }, Asked, RestoreSpeed.Standard).Select(static shortage => shortage.ToString()));
        Assert.Empty(RecallBudget.Compare(store, "EUR", null, Asked, RestoreSpeed.Standard));
    }

    [Fact]
    public void IsBlind_BudgetOfMoneyWithoutAPriceForTheSpeed_IsSaid()
    {
        PolicyStore store = Store(new PolicyBudget(null, Money(1), 0.8, []));
        Assert.True(RecallBudget.IsBlind(store, RestoreSpeed.Bulk));
        Assert.False(RecallBudget.IsBlind(store, RestoreSpeed.Standard));
        Assert.False(RecallBudget.IsBlind(store with { Budget = null }, RestoreSpeed.Bulk));
    }

    private static BudgetLimit Money(decimal most) => new(null, null, new Placed<decimal>(most, default));

    private static PolicyStore Store(PolicyBudget budget) => new("vault", default) { Prices = new Placed<StorePrices>(Prices, default), Budget = budget };
}
