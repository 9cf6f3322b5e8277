using System.Text;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Policies;
using HipaaFs.Cli.Tests.Placing;
using HipaaFs.Metadata;
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
    public void MoneyOf_BroughtBackFromTheArchive_IsByTheSpeedAndSaidApart()
    {
        var spent = new SpentRequests
        {
            ByVerb = new Dictionary<StoreVerb, long> { [StoreVerb.Restore] = 2000 },
            RestoredBytes = new Dictionary<RestoreSpeed, long> { [RestoreSpeed.Standard] = 10L << 30, [RestoreSpeed.Expedited] = 1L << 30, [RestoreSpeed.Bulk] = 7L << 30 },
        };
        var prices = new StorePrices
        {
            Requests = new Dictionary<StoreVerb, decimal> { [StoreVerb.Restore] = 0.6m },
            ArchiveRetrieval = new Dictionary<RestoreSpeed, decimal> { [RestoreSpeed.Standard] = 0.02m, [RestoreSpeed.Expedited] = 0.12m }, // Bulk has no price here.
        };

        CostUse use = CostReporting.ToUse(spent, prices);

        Assert.Equal((1.2m + 0.2m + 0.12m, 0.32m, 18L << 30), (use.Money, use.Retrieval, use.RestoredBytes));
        Assert.Null(CostReporting.ToUse(spent, null).Retrieval);
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

    [Fact]
    public async Task Run_CostClasses_SumUpFilesWhereverTheyAre()
    {
        await using OpenVolume open = await OpenVolume.CreateAsync();
        byte[] text = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(open.Policy(
            "defaults: {placement: {primary: a}}\nrules:\n"
            + "  - {path: /x, cost_class: genomics, files: [{match: [\"*.tmp\"], cost_class: scratch}]}\n"
            + "  - {path: /y, cost_class: scratch}\n").Text)
            .Replace("version: 1", "version: 1\ncurrency: EUR", StringComparison.Ordinal)
            .Replace("region: eu, baa: ours}", "region: eu, baa: ours, prices: {storage: {hot: 1024}}}", StringComparison.Ordinal)); // A MiB is 1 EUR.
        await open.Volume.WritePolicyAsync(text, default);
        await open.Volume.NameStoreAsync(0, "a", "eu", default);
        InodeId x = (await open.MakeDirectoryAsync(InodeId.Root, "x")).Id;
        InodeId y = (await open.MakeDirectoryAsync(InodeId.Root, "y")).Id;
        await open.MakeFileAsync(InodeId.Root, "free", 1 << 20);
        await open.MakeFileAsync(x, "reads", 2 << 20);
        await open.MakeFileAsync(x, "reads.tmp", 3 << 20);
        await open.MakeFileAsync(y, "reads", 4 << 20);

        CostReport report = await CostReporting.RunAsync(open.Volume, new DateOnly(2026, 11, 1), static _ => { }, default);

        Assert.Equal(
            [new CostClass("genomics", 1, 2 << 20, 2m), new CostClass("scratch", 2, 7 << 20, 7m), new CostClass(null, 1, 1 << 20, 1m)],
            report.Classes);
    }
}
