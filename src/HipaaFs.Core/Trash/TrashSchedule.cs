using HipaaFs.Snapshots;

namespace HipaaFs.Trash;

/// <summary>Which of the snapshots that a volume takes by itself are kept.</summary>
internal static class TrashSchedule
{
    /// <summary>How far apart they are taken while something changes.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan AllFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan HourlyFor = TimeSpan.FromDays(1);

    /// <summary>Those whose time is over: all are kept for an hour, the first of each hour for a day, the first of each day (UTC) for as long as the trash is kept.</summary>
    /// <param name="snapshots">All snapshots, oldest first. One with a label is never among the result.</param>
    /// <param name="days">How long the trash is kept; 0 keeps none.</param>
    /// <param name="now">The time.</param>
    internal static List<Snapshot> FindExpired(IReadOnlyList<Snapshot> snapshots, int days, DateTimeOffset now)
    {
        var expired = new List<Snapshot>();
        long lastHour = long.MinValue;
        long lastDay = long.MinValue;
        foreach (Snapshot snapshot in snapshots)
        {
            if (snapshot.HasLabel)
            {
                continue;
            }

            TimeSpan age = now - snapshot.Created;
            long hour = snapshot.Created.UtcTicks / TimeSpan.TicksPerHour;
            long day = snapshot.Created.UtcTicks / TimeSpan.TicksPerDay;
            bool isKept = days > 0
                && age <= TimeSpan.FromDays(days)
                && (age <= AllFor || (age <= HourlyFor ? hour != lastHour : day != lastDay));
            if (!isKept)
            {
                expired.Add(snapshot);
                continue;
            }

            lastHour = hour;
            lastDay = day;
        }

        return expired;
    }
}
