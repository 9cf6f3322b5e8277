using System.Diagnostics.CodeAnalysis;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads <c>stores:</c>.</summary>
internal static class StoreReader
{
    /// <summary>The keys of a store.</summary>
    public static readonly string[] Keys = ["url", "region", "baa", "prices", "budget"];

    /// <summary>A volume notes in 64 bits which stores have a segment.</summary>
    public const int MostStores = 64;

    /// <summary>Reads the stores; what cannot be read of one is left out of it.</summary>
    public static IReadOnlyList<PolicyStore> Read(PolicyReading reading, PolicyNode node, string label)
    {
        var stores = new List<PolicyStore>();
        if (!reading.TryNamed(node, label, out PolicyMapping? mapping))
        {
            return stores;
        }

        if (mapping.Members.Count == 0)
        {
            reading.Report(node.Place, $"{label}: expected at least one store");
        }

        foreach (PolicyMember member in mapping.Members)
        {
            if (PolicyTexts.Name(member.Key, out _) is { } problem)
            {
                reading.Report(member.Place, $"{label}: '{member.Key}' {problem}");
            }

            PolicyStore store = ReadStore(reading, member, PolicyReading.Join(label, member.Key));
            if (store.Url is { } url && stores.Find(other => other.Url?.IsSamePlace(url) == true) is { } same)
            {
                reading.Report(member.Place, $"{label}.{member.Key}: is the same place as {same.Name}");
            }

            stores.Add(store);
            if (stores.Count == MostStores + 1)
            {
                reading.Report(member.Place, $"{label}: more than {MostStores} stores");
            }
        }

        return stores;
    }

    private static PolicyStore ReadStore(PolicyReading reading, PolicyMember member, string label)
    {
        var store = new PolicyStore(member.Key, member.Place);
        if (!reading.TryMapping(member.Value, label, Keys, out PolicyMapping? mapping))
        {
            return store with { HasBaa = true };
        }

        reading.TryRequired(mapping, label, "url", TryReadUrl, out Placed<StoreUrl> url);
        reading.TryRequired(mapping, label, "region", PolicyReaders.Text<string>(PolicyTexts.Region), out Placed<string> region);
        reading.TryOptional(mapping, label, "baa", PolicyReaders.Text<string>(PolicyTexts.Agreement), out Placed<string>? baa);
        reading.TryOptional(mapping, label, "prices", PriceReader.TryRead, out Placed<StorePrices>? prices);
        reading.TryOptional(mapping, label, "budget", BudgetReader.TryRead, out Placed<PolicyBudget>? budget);
        return store with
        {
            Url = url.Value,
            Region = region.Value,
            HasBaa = mapping.Find("baa") is not null,
            Baa = baa?.Value,
            Prices = prices,
            Budget = budget?.Value,
        };
    }

    // A URL that is refused may hold a secret, and is not repeated.
    private static bool TryReadUrl(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out StoreUrl value)
    {
        value = null;
        if (node is not PolicyScalar { Kind: ScalarKinds.Text } scalar)
        {
            reading.Report(node.Place, $"{label}: expected the URL of a store");
            return false;
        }

        if (!StoreUrl.TryParse(scalar.Text, out value, out StoreUrlProblem? problem))
        {
            reading.Report(node.Place, $"{label}: is no store: {problem.Message}");
            return false;
        }

        if (value.Scheme == StoreScheme.Memory)
        {
            reading.Report(node.Place, $"{label}: is no store: what is in memory is gone with the mount");
            return false;
        }

        return true;
    }
}
