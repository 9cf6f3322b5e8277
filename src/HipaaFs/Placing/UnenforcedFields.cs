using HipaaFs.Cli.Policies;

namespace HipaaFs.Cli.Placing;

/// <summary>Finds what a policy says that this version does not do: nobody may believe in a retention that is none.</summary>
internal static class UnenforcedFields
{
    private static readonly PolicyField[] Never =
    [
        PolicyFields.Domain, PolicyFields.Retention, PolicyFields.Durability, PolicyFields.Recovery,
        PolicyFields.ConsentExpires, PolicyFields.Budget,
    ];

    /// <summary>Each with file, line and column.</summary>
    public static IReadOnlyList<string> Find(LoadedPolicy policy)
    {
        var found = new List<PolicyProblem>();
        foreach (EffectivePolicy effective in new PolicyResolver(policy.Document).All())
        {
            foreach (EffectiveEntry entry in effective.Entries.Concat(effective.Limits))
            {
                if (entry.Origin.Place is { } place && Never.Contains(entry.Field) && entry.Text != entry.Field.Describe(entry.Field.DefaultValue))
                {
                    found.Add(new PolicyProblem(place, $"{entry.Field.Key}: not enforced by this version"));
                }
            }
        }

        return [.. found.Distinct().OrderBy(static problem => problem.Place).Select(problem => problem.In(policy.FileName))];
    }
}
