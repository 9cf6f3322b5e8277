using HipaaFs.Metadata;
using HipaaFs.Snapshots;
using HipaaFs.Trash;

namespace HipaaFs.Core.Tests.Trash;

public sealed class TrashScheduleTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 30, TimeSpan.Zero);

    [Fact]
    public void FindExpired_AMonthOfMinutes_KeepsMinutesHoursAndDays()
    {
        var kept = new List<Snapshot>();
        DateTimeOffset now = Start;
        for (int minute = 0; minute < 30 * 24 * 60; minute++)
        {
            now = Start.AddMinutes(minute);
            kept.Add(Taken(minute, now));
            foreach (Snapshot expired in TrashSchedule.FindExpired(kept, 7, TakenAt, now))
            {
                kept.Remove(expired);
            }
        }

        int Count(TimeSpan from, TimeSpan to) => kept.Count(snapshot => now - snapshot.Created > from && now - snapshot.Created <= to);
        Assert.Equal(61, Count(TimeSpan.FromTicks(-1), TimeSpan.FromHours(1)));
        Assert.InRange(Count(TimeSpan.FromHours(1), TimeSpan.FromDays(1)), 22, 24);
        Assert.InRange(Count(TimeSpan.FromDays(1), TimeSpan.FromDays(7)), 5, 7);
        Assert.Equal(0, Count(TimeSpan.FromDays(7), TimeSpan.MaxValue));
    }

    [Fact]
    public void FindExpired_WithALabel_IsKeptForEver()
    {
        var labelled = new Snapshot(new SnapshotId(1), "kept", Start, HasLabel: true);

        Assert.Empty(TrashSchedule.FindExpired([labelled], 1, TakenAt, Start.AddYears(9)));
    }

    [Fact]
    public void FindExpired_NoTrash_KeepsNone()
    {
        Assert.Single(TrashSchedule.FindExpired([Taken(1, Start)], 0, TakenAt, Start));
    }

    [Fact]
    public void FindExpired_ClockWentBack_KeepsWhatIsInTheFuture()
    {
        Assert.Empty(TrashSchedule.FindExpired([Taken(1, Start.AddDays(3))], 1, TakenAt, Start));
    }

    [Fact]
    public void FindExpired_ClockStartsOnTheSameDayAgain_KeepsOneOfEachDay()
    {
        Snapshot[] taken = [Taken(1, Start), Taken(2, Start.AddSeconds(1)), Taken(3, Start.AddSeconds(2))];

        Assert.Empty(TrashSchedule.FindExpired(taken, 7, static snapshot => Start.AddDays(snapshot.Id.Value), Start.AddDays(6)));
    }

    private static DateTimeOffset TakenAt(Snapshot snapshot) => snapshot.Created;

    private static Snapshot Taken(int number, DateTimeOffset at) => new(new SnapshotId((uint)number + 1), at.ToString("O"), at, HasLabel: false);
}
