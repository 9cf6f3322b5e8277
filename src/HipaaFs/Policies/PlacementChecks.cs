using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>Checks where the data of a directory, or of some of its files, goes at first.</summary>
internal static class PlacementChecks
{
    /// <summary>Reports what cannot be.</summary>
    public static void Run(PolicyDocument document, PolicyReading reading, EffectivePolicy policy)
    {
        EffectiveEntry primary = policy[PolicyFields.Primary];
        if (primary is { IsReadable: true, Value: null })
        {
            reading.ReportOnce(
                document.DefaultsPlace, primary.Field.Key, $"defaults.{primary.Field.Key}: missing; what no rule covers needs a store too");
        }

        if (policy.CanRead(PolicyFields.Primary, PolicyFields.Replicas))
        {
            CheckReplicas(reading, policy);
        }

        if (policy.CanRead(PolicyFields.Primary, PolicyFields.Tier))
        {
            CheckTier(document, reading, policy);
        }

        foreach (Placed<Replica> replica in policy.Replicas)
        {
            if (document.FindStore(replica.Value.Store.Value) is { } store && !HasTier(store, replica.Value.Tier.Value))
            {
                reading.Report(
                    replica.Value.Tier.Place,
                    $"{PolicyFields.Replicas.Key}: {store.Name} is a directory and has no tier {PolicyWords.Of(replica.Value.Tier.Value)}");
            }
        }
    }

    /// <summary>Whether a store of this kind has a tier; true while its kind is not known.</summary>
    public static bool HasTier(PolicyStore store, StorageTier tier) => tier == StorageTier.Hot || store.Url is not { Scheme: StoreScheme.File };

    private static void CheckReplicas(PolicyReading reading, EffectivePolicy policy)
    {
        EffectiveEntry primary = policy[PolicyFields.Primary];
        EffectiveEntry replicas = policy[PolicyFields.Replicas];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (Placed<Replica> replica in policy.Replicas)
        {
            Placed<string> store = replica.Value.Store;
            if (!seen.Add(store.Value))
            {
                reading.Report(store.Place, $"{replicas.Field.Key}: {store.Value} stands here twice");
            }
            else if (store.Value != policy.Primary)
            {
                continue;
            }
            else if (primary.Origin.Depth > replicas.Origin.Depth)
            {
                reading.Report(
                    primary.Origin.Place!.Value, $"{primary.Field.Key}: {store.Value} is a replica of {policy.Name} too (line {store.Place.Line})");
            }
            else
            {
                reading.ReportOnce(store.Place, store.Value, $"{replicas.Field.Key}: {store.Value} is the primary of {policy.Name} too");
            }
        }
    }

    private static void CheckTier(PolicyDocument document, PolicyReading reading, EffectivePolicy policy)
    {
        if (policy.Primary is not { } name || document.FindStore(name) is not { } store || HasTier(store, policy.Tier))
        {
            return;
        }

        EffectiveEntry tier = policy[PolicyFields.Tier];
        EffectiveEntry primary = policy[PolicyFields.Primary];
        EffectiveEntry wrong = primary.Origin.Depth > tier.Origin.Depth ? primary : tier;
        reading.ReportOnce(
            wrong.Origin.Place!.Value,
            name,
            $"{wrong.Field.Key}: {name} is a directory and has no tier {PolicyWords.Of(policy.Tier)}, as {policy.Name} would need");
    }
}
