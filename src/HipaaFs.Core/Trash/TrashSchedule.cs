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
    /// <param name="takenAt">When one was taken, by the time that counts; its own time may stem from a clock that was wrong.</param>
    /// <param name="now">The time that counts.</param>
    internal static List<Snapshot> FindExpired(
        IReadOnlyList<Snapshot> snapshots, int days, Func<Snapshot, DateTimeOffset> takenAt, DateTimeOffset now)
    {
        var expired = new List<Snapshot>();
        (long, long) lastHour = (long.MinValue, long.MinValue);
        (long, long) lastDay = (long.MinValue, long.MinValue);
        foreach (Snapshot snapshot in snapshots)
        {
            if (snapshot.HasLabel)
            {
                continue;
            }

            // The first of a day by either time: a clock that starts on the same day again and again leaves one of each day all the same.
            DateTimeOffset taken = takenAt(snapshot);
            TimeSpan age = now - taken;
            (long, long) hour = (snapshot.Created.UtcTicks / TimeSpan.TicksPerHour, taken.UtcTicks / TimeSpan.TicksPerHour);
            (long, long) day = (snapshot.Created.UtcTicks / TimeSpan.TicksPerDay, taken.UtcTicks / TimeSpan.TicksPerDay);
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
