using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HipaaFs.FaultFs.Tests.Mounts;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Crash;

/// <summary>The machine is lost while programs write more than the store takes: a volume made of the store alone lacks what status showed as not safe yet, and no more.</summary>
/// <remarks>HIPAAFS_BURN_ROUNDS (1) lengthens the run, HIPAAFS_BURN_SEED repeats it.</remarks>
public sealed class OverloadBurnTests(ITestOutputHelper output)
{
    private const string Configuration = "recovery:\n  publish: 1s\n  alarm: 1h\n";
    private const double Rounding = 0.1; // Status shows tenths of a second.
    private const int Advances = 2;
    private const int FilesToBePassed = 50; // Status rounds, and takes a while: one file would be passed too narrowly.
    private const string FinishedWord = " done 1 ";

    private static readonly string Scripts = Path.Combine(AppContext.BaseDirectory, "Scripts");

    [Fact]
    public async Task Restore_MachineLostUnderOverload_LacksNoMoreThanStatusSaid()
    {
        MountPrerequisites.RequirePrograms("python3");
        int rounds = Setting("HIPAAFS_BURN_ROUNDS", 1);
        int seed = Setting("HIPAAFS_BURN_SEED", Environment.TickCount & 0xFFFF);
        for (int round = 1; round <= rounds; round++)
        {
            await BurnAsync(seed + round, string.Create(CultureInfo.InvariantCulture, $"round {round} of {rounds}, HIPAAFS_BURN_SEED={seed}"));
        }
    }

    private async Task BurnAsync(int seed, string where)
    {
        await using OverloadedStore store = await OverloadedStore.CreateAsync(Configuration);
        MountedVolume volume = store.Volume;
        string directory = Path.Combine(volume.Root, "written");
        string journal = Path.Combine(volume.Work, "journal");
        await store.BeginAsync();
        using Process writer = ChildProcess.Start(
            Shell.Python, [Path.Combine(Scripts, "burn_writer.py"), directory, journal, $"{seed}", $"{journal}.killed"], new ChildProcessOptions());
        Task<string> words = writer.StandardOutput.ReadToEndAsync();
        Task<string> errors = writer.StandardError.ReadToEndAsync();

        // The point that status shows moves on although the store never catches up, and passes what was written under overload.
        double until = 0;
        for (int advance = 0; advance < Advances; advance++)
        {
            double begun = Math.Max(until, await ManyDoneAsync(journal));
            await Eventually.TrueAsync(
                async () =>
                {
                    Assert.False(writer.HasExited, "the writer ended");
                    await store.GrantAsync(await WrittenAsync(journal));
                    until = await ReadRecoveryPointAsync(volume);
                    return until > begun;
                },
                "the recovery point moves on");
        }

        JsonElement figures = await FiguresAsync(volume);
        until = await ReadRecoveryPointAsync(volume);
        await File.WriteAllTextAsync($"{journal}.killed", "");
        await store.BurnAsync();
        Assert.True(await ChildProcess.WaitAsync(writer, ChildProcess.LongTimeout), "the writer hangs after the daemon's end");
        Assert.True(writer.ExitCode == 0, $"the writer failed: {await words}{await errors}");

        await Shell.CheckAsync("rm -rf -- volume", volume.Work);
        (await volume.RunAsync("restore", "--store", store.Url, "--key", $"file:{volume.KeyFile}", volume.Volume)).EnsureSucceeded();
        await volume.MountAsync();
        ProcessOutcome check = await Shell.PythonFileAsync(
            Path.Combine(Scripts, "burn_check.py"), "/", ChildProcess.LongTimeout, directory, journal, until.ToString("F6", CultureInfo.InvariantCulture));
        string what = $"{where}, {figures}\n{check.Describe()}";
        Assert.True(check.Succeeded, $"{what}\n{volume.LogTail}");
        Assert.DoesNotContain("files: 0\n", check.Text, StringComparison.Ordinal);

        // It was overload: the store lacks what was synced, and status said so.
        Assert.True(figures.GetProperty("stagedBytes").GetInt64() > 0, what);
        Assert.DoesNotContain("lacking: 0\n", check.Text, StringComparison.Ordinal);
        output.WriteLine(check.Text);
        Assert.Equal(0, await volume.TerminateAsync());
        ProcessOutcome fsck = await volume.RunAsync("fsck", volume.Volume);
        Assert.True(fsck.Succeeded, $"{where}\n{fsck.Describe()}");
    }

    private static async Task<double> ManyDoneAsync(string journal)
    {
        double done = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                string? line = File.Exists(journal) ? (await File.ReadAllLinesAsync(journal)).Where(IsFinished).Skip(FilesToBePassed - 1).FirstOrDefault() : null;
                done = line is null ? 0 : double.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
                return line is not null;
            },
            "the writer has made its first files");
        return done;
    }

    // A line is written at once, and the last one may be half read.
    private static async Task<long> WrittenAsync(string journal) =>
        (await File.ReadAllTextAsync(journal)).Split('\n')[..^1].Where(IsFinished).Sum(line => long.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture));

    private static bool IsFinished(string line) => line.Contains(FinishedWord, StringComparison.Ordinal);

    // What was done before this, in seconds since the epoch, can be restored from the store, as the mount says.
    private static async Task<double> ReadRecoveryPointAsync(MountedVolume volume)
    {
        double asked = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        return asked - (await FiguresAsync(volume)).GetProperty("recoveryPointSeconds").GetDouble() - Rounding;
    }

    private static async Task<JsonElement> FiguresAsync(MountedVolume volume)
    {
        ProcessOutcome status = await volume.RunAsync("status", volume.Volume, "--json");
        using JsonDocument document = JsonDocument.Parse(status.EnsureSucceeded().Text);
        return document.RootElement.GetProperty("result")[0].GetProperty("figures").Clone();
    }

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
}
