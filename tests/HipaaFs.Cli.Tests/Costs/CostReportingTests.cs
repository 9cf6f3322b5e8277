using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Policies;
using HipaaFs.Spending;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Costs;

public sealed class CostReportingTests
{
    [Fact]
    public void MoneyOf_RequestsAndEgress_AreAThousandthAndAGiB()
    {
        var spent = new SpentRequests
        {
            ByVerb = new Dictionary<StoreVerb, long> { [StoreVerb.Put] = 1000, [StoreVerb.PutFile] = 2000, [StoreVerb.Read] = 500, [StoreVerb.Delete] = 9 },
            ReceivedBytes = 2L << 30,
            SentBytes = 5L << 30,
        };
        var prices = new StorePrices
        {
            Requests = new Dictionary<StoreVerb, decimal> { [StoreVerb.Put] = 0.05m, [StoreVerb.Read] = 0.004m },
            Egress = 0.09m,
        };

        Assert.Equal((3 * 0.05m) + 0.002m + 0.18m, CostReporting.MoneyOf(spent, prices));
    }

    [Fact]
    public void Compare_Budget_SaysWhatIsUsedUp()
    {
        var budget = new PolicyBudget(
            new BudgetLimit(100, 1000, null), new BudgetLimit(null, null, new Placed<decimal>(2m, default)), 0.8, []);

        IReadOnlyList<CostBudget> compared = CostReporting.Compare(budget, new CostUse(80, 300, 699, 1.9m), new CostUse(900, 1, 1, 2m));

        Assert.Equal(
            [("day", "requests", "warn"), ("day", "bytes", "warn"), ("month", "money", "over")],
            compared.Select(static line => (line.Period, line.What, line.State)));
        Assert.Equal(SpendingStop.None, CostReporting.StopsOf(budget, compared)); // It warns only.
        PolicyBudget strict = budget with { Stop = [BudgetStop.Recall, BudgetStop.Replication] };
        Assert.Equal(SpendingStop.Recall | SpendingStop.Replication, CostReporting.StopsOf(strict, compared));
        Assert.Equal(SpendingStop.None, CostReporting.StopsOf(strict, CostReporting.Compare(strict, new CostUse(80, 300, 699, 1.9m), new CostUse(900, 1, 1, 1.9m))));
        Assert.Equal("ok", CostReporting.Compare(budget, new CostUse(79, 1, 1, null), new CostUse(1, 1, 1, 0))[0].State);
        Assert.Equal(2, CostReporting.Compare(budget, new CostUse(0, 0, 0, null), new CostUse(0, 0, 0, null)).Count); // Without prices there is no money.
    }
}
