namespace HipaaFs.Cli.Policies;

/// <summary>Checks that the names a policy uses are names that it defines.</summary>
internal static class ReferenceChecks
{
    /// <summary>Reports names that nothing has, and stores that nothing uses.</summary>
    public static void Run(PolicyDocument document, PolicyReading reading, IReadOnlyList<EffectivePolicy> policies)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        CheckMetadata(document, reading, used);
        CheckDirectories(document, reading, policies, used);
        foreach (PolicyStore store in document.Stores.Where(store => !used.Contains(store.Name)))
        {
            reading.Warn(store.Place, $"stores.{store.Name}: nothing goes there");
        }
    }

    private static void CheckMetadata(PolicyDocument document, PolicyReading reading, HashSet<string> used)
    {
        const string label = "metadata.stores";
        foreach (Placed<string> name in document.MetadataStores ?? [])
        {
            CheckStore(document, reading, label, name);
            if (!used.Add(name.Value))
            {
                reading.Report(name.Place, $"{label}: {name.Value} stands here twice");
            }
        }
    }

    private static void CheckDirectories(
        PolicyDocument document, PolicyReading reading, IReadOnlyList<EffectivePolicy> policies, HashSet<string> used)
    {
        foreach (EffectivePolicy policy in policies)
        {
            if (policy.Primary is { } primary && policy[PolicyFields.Primary].Origin.Place is { } place)
            {
                used.Add(primary);
                CheckStore(document, reading, PolicyFields.Primary.Key, new Placed<string>(primary, place));
            }

            foreach (Placed<Replica> replica in policy.Replicas)
            {
                used.Add(replica.Value.Store.Value);
                CheckStore(document, reading, PolicyFields.Replicas.Key, replica.Value.Store);
            }

            foreach (Placed<Transition> transition in policy.Transitions)
            {
                if (transition.Value.Store is { } target)
                {
                    used.Add(target.Value);
                    CheckStore(document, reading, PolicyFields.Transitions.Key, target);
                }
            }

            if (policy.Get(PolicyFields.Recovery) is { } recovery
                && !document.RecoveryClasses.ContainsKey(recovery)
                && policy[PolicyFields.Recovery].Origin.Place is { } recoveryPlace)
            {
                string guess = PolicyReading.Guess(recovery, document.RecoveryClasses.Keys);
                reading.ReportOnce(recoveryPlace, recovery, $"{PolicyFields.Recovery.Key}: '{recovery}' is none of recovery_classes{guess}");
            }
        }
    }

    private static void CheckStore(PolicyDocument document, PolicyReading reading, string label, Placed<string> name)
    {
        if (document.FindStore(name.Value) is null)
        {
            string guess = PolicyReading.Guess(name.Value, document.Stores.Select(static store => store.Name));
            reading.ReportOnce(name.Place, name.Value, $"{label}: there is no store '{name.Value}'{guess}");
        }
    }
}
