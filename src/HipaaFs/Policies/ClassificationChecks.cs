namespace HipaaFs.Cli.Policies;

/// <summary>Checks that protected health information goes only where an agreement covers it.</summary>
internal static class ClassificationChecks
{
    /// <summary>Reports every store without an agreement that such data, or its names, would get to.</summary>
    /// <param name="document">The policy.</param>
    /// <param name="reading">Where problems go.</param>
    /// <param name="root">What holds at the root of the volume.</param>
    /// <param name="policy">What is checked.</param>
    public static void Run(PolicyDocument document, PolicyReading reading, EffectivePolicy root, EffectivePolicy policy)
    {
        if (!policy.CanRead(PolicyFields.Classification) || policy.Classification is not (Classification.Phi or Classification.Limited))
        {
            return;
        }

        EffectiveEntry classification = policy[PolicyFields.Classification];
        string kind = PolicyWords.Of(policy.Classification);
        string source = classification.Origin.Place is { } place ? $"line {place.Line}" : "nothing says otherwise";
        foreach (StoreUse use in StoreUse.Of(document, policy).Where(static use => !use.Store.HasBaa))
        {
            use.Report(
                reading,
                classification,
                "baa",
                $"{use.Store.Name} has no 'baa:', and {policy.Name} is {kind} ({source})",
                $"{policy.Name} is {kind}, and {use.Store.Name} has no 'baa:' ({use.Label}, line {use.Place.Line})");
        }

        if (document.MetadataStores is null && !document.Unreadable.Contains("metadata"))
        {
            CheckRoot(document, reading, root, $"would get the names of {policy.Name}, which is {kind} ({source})");
        }

        foreach (Placed<string> name in document.MetadataStores ?? [])
        {
            if (document.FindStore(name.Value) is { HasBaa: false })
            {
                reading.ReportOnce(
                    name.Place, "baa", $"metadata.stores: {name.Value} has no 'baa:' and would get the names of {policy.Name}, which is {kind} ({source})");
            }
        }
    }

    private static void CheckRoot(PolicyDocument document, PolicyReading reading, EffectivePolicy root, string why)
    {
        EffectiveEntry primary = root[PolicyFields.Primary];
        if (root.Primary is { } name && primary.Origin.Place is { } place && document.FindStore(name) is { HasBaa: false })
        {
            reading.ReportOnce(
                place,
                $"baa {name}", // What lies there is told of already when it is such data itself.
                $"{primary.Field.Key}: {name} has no 'baa:' and {why}: without 'metadata: stores:' change stream and key ring go to the primary of /");
        }
    }
}
