using System.Globalization;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Quotas;

namespace HipaaFs.Cli.Placing;

/// <summary>Turns the quotas of a policy into those of a volume, whose users and directories have numbers.</summary>
internal static class QuotaPlanning
{
    /// <summary>The quotas, the outer ones first.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="placements">The placements of its directories and patterns, numbered.</param>
    /// <exception cref="CommandException">It names a user whom this machine does not know.</exception>
    /// <exception cref="IOException">The users cannot be asked.</exception>
    public static IReadOnlyList<Quota> Find(LoadedPolicy policy, IReadOnlyList<Placement> placements)
    {
        var quotas = new List<Quota>();
        foreach (PolicyRule rule in policy.Document.Rules.OrderBy(static rule => rule.Depth))
        {
            if (rule.Entries.Find(PolicyFields.Quota) is { Value: PolicyQuota quota } entry)
            {
                quotas.Add(new Quota
                {
                    Path = rule.Path,
                    Placements = [.. placements.Where(placement => placement.Trees.Contains(rule.Path)).Select(static placement => placement.Number).Order()],
                    Total = ToLimit(quota.Total),
                    EachUser = quota.EachUser is null ? null : ToLimit(quota.EachUser),
                    Users = quota.Users.ToDictionary(user => FindUser(user.Key, policy, entry.Place), static user => ToLimit(user.Value)),
                });
            }
        }

        return quotas;
    }

    /// <summary>Whether two say the same.</summary>
    public static bool AreSame(IReadOnlyList<Quota> one, IReadOnlyList<Quota> other) => one.Count == other.Count && one.Zip(other).All(static pair =>
        pair.First.Path == pair.Second.Path
        && pair.First.Placements.SequenceEqual(pair.Second.Placements)
        && pair.First.Total == pair.Second.Total
        && pair.First.EachUser == pair.Second.EachUser
        && pair.First.Users.OrderBy(static user => user.Key).SequenceEqual(pair.Second.Users.OrderBy(static user => user.Key)));

    private static HipaaFs.Quotas.QuotaLimit ToLimit(Policies.QuotaLimit limit) => new(limit.Bytes, limit.Files);

    private static uint FindUser(string user, LoadedPolicy policy, PolicyPlace place)
    {
        if (uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint uid) || UserDatabase.TryFind(user, out uid))
        {
            return uid;
        }

        throw new CommandException(
            ExitCode.Configuration,
            $"apply the policy: {policy.FileName}:{place}: quota: this machine knows no user {TerminalText.Escape(user)}",
            "Write the user's number, or mount where the user is known.");
    }
}
