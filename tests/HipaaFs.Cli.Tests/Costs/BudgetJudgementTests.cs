using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Tests.Placing;
using HipaaFs.Spending;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Cli.Tests.Costs;

public sealed class BudgetJudgementTests
{
    [Fact]
    public async Task Judge_BudgetOfAStore_StopsWhatItSaysOnceItIsUsedUp()
    {
        await using OpenVolume open = await OpenVolume.CreateAsync();
        var judgement = new BudgetJudgement(open.Volume, TimeProvider.System, NullLogger.Instance);
        Assert.Empty(await judgement.JudgeAsync([Spent(0, 100)], default)); // Without a policy there is none.

        byte[] text = System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(open.Policy("defaults: {placement: {primary: a}}\n").Text)
            .Replace("baa: ours}", "baa: ours, budget: {month: {requests: 100}, warn_at: 50%, stop: [replication]}}", StringComparison.Ordinal));
        await open.Volume.WritePolicyAsync(text, default);
        await open.Volume.NameStoreAsync(0, "a", "eu", default);
        const int number = 0;

        Assert.Equal(SpendingStop.None, (await judgement.JudgeAsync([Spent(number, 99)], default))[number]);
        Assert.Equal(SpendingStop.Replication, (await judgement.JudgeAsync([Spent(number, 100)], default))[number]);
        Assert.Equal(SpendingStop.None, (await judgement.JudgeAsync([Spent(number, 0)], default))[number]); // The next month.
    }

    private static StoreSpending Spent(int store, long requests)
    {
        var asked = new SpentRequests { ByVerb = new Dictionary<StoreVerb, long> { [StoreVerb.Put] = requests } };
        return new StoreSpending { Store = store, Today = asked, ThisMonth = asked };
    }
}
