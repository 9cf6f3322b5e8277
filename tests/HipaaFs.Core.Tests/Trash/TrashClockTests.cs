using HipaaFs.Snapshots;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Trash;

namespace HipaaFs.Core.Tests.Trash;

/// <summary>A clock that is wrong takes nothing out of the trash.</summary>
public sealed class TrashClockTests
{
    private const int ClockMoved = 597;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Years = TimeSpan.FromDays(3652);

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Loop_TimeOfDaySetByYears_KeepsAllSaysSoAndGoesOnAgeing(int direction)
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await CreateAsync(time);
        Snapshot first = await TakeAsync(test, time, "a");
        time.Set(Years * direction);
        Snapshot second = await TakeAsync(test, time, "b");
        Assert.Contains(first, await ListAsync(test));

        ClockJump jump = Assert.IsType<ClockJump>(test.Volume.GetStatus().ClockJump);
        Assert.Equal(Years * direction, jump.By);
        Assert.Single(test.Log.Lines, static line => line.Id.Id == ClockMoved);

        time.Set(-Years * direction);
        Snapshot third = await TakeAsync(test, time, "c");
        IReadOnlyList<Snapshot> kept = await ListAsync(test);
        Assert.Contains(first, kept);
        Assert.Contains(second, kept);
        Assert.Contains(third, kept);

        // What is kept for a day goes after a day, whatever the clock said when it was taken.
        do
        {
            await LookAsync(test, time, 10 * Minute);
            kept = await ListAsync(test);
        }
        while (kept.Any(snapshot => snapshot == first || snapshot == second || snapshot == third));
        await test.AssertSoundAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Open_TimeOfDaySetByYearsMeanwhile_KeepsAllAndGoesOnAgeing(int direction)
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await CreateAsync(time);
        Snapshot first = await TakeAsync(test, time, "a");
        await test.StopAsync();
        time.Set(Years * direction);
        await test.OpenAsync();
        Snapshot second = await TakeAsync(test, time, "b");
        Assert.Contains(first, await ListAsync(test));
        Assert.Equal(direction < 0, test.Volume.GetStatus().ClockJump is not null);

        await test.StopAsync();
        time.Set(-Years * direction);
        await test.OpenAsync();
        Snapshot third = await TakeAsync(test, time, "c");
        IReadOnlyList<Snapshot> kept = await ListAsync(test);
        Assert.Contains(first, kept);
        Assert.Contains(second, kept);
        do
        {
            await LookAsync(test, time, 10 * Minute);
            kept = await ListAsync(test);
        }
        while (kept.Any(snapshot => snapshot == first || snapshot == second || snapshot == third));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_AfterAgeing_DoesNotBeginAnew()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await CreateAsync(time);
        Snapshot first = await TakeAsync(test, time, "a");
        for (int i = 0; i < 5; i++)
        {
            await AdvanceAsync(test, time, TimeSpan.FromHours(6));
            await test.ReopenAsync();
        }

        await AdvanceAsync(test, time, 2 * Minute);
        Assert.DoesNotContain(first, await ListAsync(test));
    }

    private static Task<TestVolume> CreateAsync(ManualTimeProvider time) =>
        TestVolume.CreateAsync(new TestVolumeOptions { Time = time, TrashDays = 1 });

    // Makes a file and lets the volume take the snapshot that shows it.
    private static async Task<Snapshot> TakeAsync(TestVolume test, ManualTimeProvider time, string name)
    {
        var before = (await ListAsync(test)).Select(static snapshot => snapshot.Id).ToHashSet();
        await test.FileSystem.PutAsync(name, [1]);
        Snapshot? taken = null;
        while (taken is null)
        {
            await LookAsync(test, time, Minute);
            taken = (await ListAsync(test)).FirstOrDefault(snapshot => !before.Contains(snapshot.Id));
        }

        return taken;
    }

    // The trash looks once in each step.
    private static async Task AdvanceAsync(TestVolume test, ManualTimeProvider time, TimeSpan by)
    {
        DateTimeOffset end = time.GetUtcNow() + by;
        while (time.GetUtcNow() < end)
        {
            await LookAsync(test, time, 10 * Minute);
        }
    }

    // One round of the trash, so much later: it waits for that when the clock is moved, and it is over when it waits again.
    private static async Task LookAsync(TestVolume test, ManualTimeProvider time, TimeSpan by)
    {
        TrashKeeper trash = test.Volume.Parts.Writer!.Trash;
        await Eventually.TrueAsync(() => trash.Waits > 0, "the trash waits for its first round");
        long waits = trash.Waits;
        time.Advance(by);
        await Eventually.TrueAsync(() => trash.Waits > waits, "the trash looks");
    }

    private static async Task<IReadOnlyList<Snapshot>> ListAsync(TestVolume test) => (await test.Volume.Snapshots.ListAsync(default)).Value;
}
