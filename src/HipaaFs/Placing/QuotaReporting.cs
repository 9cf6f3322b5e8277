using HipaaFs.Cli.Control;
using HipaaFs.Metadata;
using HipaaFs.Quotas;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Says what is used of the quotas of a volume.</summary>
internal static class QuotaReporting
{
    /// <summary>Each quota, in the order of their definition.</summary>
    public static IReadOnlyList<QuotaReport> Describe(Volume volume)
    {
        IReadOnlyList<OwnerUsage> usage = volume.ListUsage();
        return [.. volume.Quotas.Select(quota => Describe(quota, usage))];
    }

    private static QuotaReport Describe(Quota quota, IReadOnlyList<OwnerUsage> usage)
    {
        ILookup<uint, VolumeUsage> inTree = usage
            .Where(owner => quota.Placements.Contains(owner.Placement))
            .ToLookup(static owner => owner.Uid, static owner => owner.Usage);
        IEnumerable<uint> users = inTree.Select(static user => user.Key).Concat(quota.Users.Keys).Distinct().Order();
        return new QuotaReport(
            quota.Path,
            Sum(null, inTree.SelectMany(static user => user), quota.Total),
            [.. users.Select(user => Sum(user, inTree[user], quota.LimitOf(user)))]);
    }

    private static QuotaUse Sum(uint? user, IEnumerable<VolumeUsage> usages, Quotas.QuotaLimit? limit)
    {
        VolumeUsage[] all = [.. usages];
        return new QuotaUse(user, all.Sum(static one => one.FileBytes), limit?.Bytes, all.Sum(static one => one.Inodes), limit?.Files);
    }
}
