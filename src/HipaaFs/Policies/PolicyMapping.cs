namespace HipaaFs.Cli.Policies;

/// <summary>Keys with their values, each key once.</summary>
internal sealed record PolicyMapping(PolicyPlace Place, IReadOnlyList<PolicyMember> Members) : PolicyNode(Place)
{
    /// <summary>The member of a key; null when there is none.</summary>
    public PolicyMember? Find(string key)
    {
        foreach (PolicyMember member in Members)
        {
            if (member.Key == key)
            {
                return member;
            }
        }

        return null;
    }
}
