namespace HipaaFs.Cli.Policies;

/// <summary>A store that data of a directory or of some of its files can get to.</summary>
/// <param name="Store">The store.</param>
/// <param name="Label">By which field.</param>
/// <param name="Place">Where its name stands.</param>
/// <param name="Depth">How deep in the tree that was said, as <see cref="PolicyOrigin.Depth"/>.</param>
internal sealed record StoreUse(PolicyStore Store, string Label, PolicyPlace Place, int Depth)
{
    /// <summary>Every store that data can get to, as far as the policy has it.</summary>
    public static IEnumerable<StoreUse> Of(PolicyDocument document, EffectivePolicy policy) =>
        from reference in References(policy)
        let store = document.FindStore(reference.Name.Value)
        where store is not null
        select new StoreUse(store, reference.Entry.Field.Key, reference.Name.Place, reference.Entry.Origin.Depth);

    private static IEnumerable<(EffectiveEntry Entry, Placed<string> Name)> References(EffectivePolicy policy)
    {
        EffectiveEntry primary = policy[PolicyFields.Primary];
        if (policy.Primary is { } name && primary.Origin.Place is { } place)
        {
            yield return (primary, new Placed<string>(name, place));
        }

        foreach (Placed<Replica> replica in policy.Replicas)
        {
            yield return (policy[PolicyFields.Replicas], replica.Value.Store);
        }

        foreach (Placed<Transition> transition in policy.Transitions)
        {
            if (transition.Value.Store is { } target)
            {
                yield return (policy[PolicyFields.Transitions], target);
            }
        }
    }

    /// <summary>Reports a contradiction between the use and another field: where the deeper of the two is said, which is the one to change.</summary>
    /// <param name="reading">Where problems go.</param>
    /// <param name="other">The other field.</param>
    /// <param name="subject">What the contradiction is about, for <see cref="PolicyReading.ReportOnce"/>.</param>
    /// <param name="here">The message at the store's name.</param>
    /// <param name="there">The message at the other field.</param>
    public void Report(PolicyReading reading, EffectiveEntry other, string subject, string here, string there)
    {
        string about = $"{subject} {Store.Name}";
        if (other.Origin.Depth > Depth && other.Origin.Place is { } place)
        {
            reading.ReportOnce(place, about, $"{other.Field.Key}: {there}");
        }
        else
        {
            reading.ReportOnce(Place, about, $"{Label}: {here}");
        }
    }
}
