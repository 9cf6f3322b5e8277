namespace HipaaFs.Cli.Policies;

/// <summary>Checks that money can be counted where the policy speaks of it.</summary>
internal static class MoneyChecks
{
    /// <summary>Reports prices without a currency and budgets without prices.</summary>
    public static void Run(PolicyDocument document, PolicyReading reading)
    {
        if (document.Currency is null && !document.Unreadable.Contains("currency")
            && document.Stores.FirstOrDefault(static store => store.Prices is not null) is { Prices: { } prices } first)
        {
            reading.Report(prices.Place, $"stores.{first.Name}.prices: need a currency; add a line such as 'currency: EUR'");
        }

        foreach (PolicyStore store in document.Stores.Where(static store => store.Prices is null))
        {
            Check(store.Budget, $"stores.{store.Name}.budget", "the store");
        }

        if (document.Stores.All(static store => store.Prices is null))
        {
            foreach (PolicyRule rule in document.Rules)
            {
                Check(rule.Entries.Find(PolicyFields.Budget)?.Value as PolicyBudget, PolicyFields.Budget.Key, "every store");
            }
        }

        void Check(PolicyBudget? budget, string label, string who)
        {
            foreach (Placed<decimal>? money in new[] { budget?.Day?.Money, budget?.Month?.Money })
            {
                if (money is { } counted)
                {
                    reading.Report(counted.Place, $"{label}: money cannot be counted, {who} is without 'prices:'");
                }
            }
        }
    }
}
