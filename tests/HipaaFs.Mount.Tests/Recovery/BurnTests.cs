using System.Diagnostics;
using System.Globalization;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Recovery;

/// <summary>The machine is lost in the middle of work; a volume made of the store alone lacks no more than status said.</summary>
/// <remarks>HIPAAFS_BURN_ROUNDS (3) lengthens the run, HIPAAFS_BURN_SEED (printed when a round fails) repeats it.</remarks>
public sealed class BurnTests
{
    // Published often, so that a round is short: what is lost is bounded by what status shows, whatever the interval.
    private const string Configuration = "recovery:\n  publish: 1s\n";
    private const int PublicationsInRound = 3;

    [Fact]
    public async Task Restore_MachineLostUnderLoad_LacksNoMoreThanStatusSaid()
    {
        int rounds = Setting("HIPAAFS_BURN_ROUNDS", 3);
        int seed = Setting("HIPAAFS_BURN_SEED", Environment.TickCount & 0xFFFF);
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = Configuration });
        var lost = new List<(string Directory, string Journal, double Until)>();
        for (int round = 1; round <= rounds; round++)
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"round {round} of {rounds}, HIPAAFS_BURN_SEED={seed}");
            string directory = Path.Combine(volume.Root, $"round-{round}");
            string journal = Path.Combine(volume.Work, $"journal-{round}");
            double until = await WriteUntilBurntAsync(volume, directory, journal, seed + round);
            lost.Add((directory, journal, until));

            (await RestoreAsync(volume)).EnsureSucceeded();
            await volume.MountAsync();
            await AssertNoMoreIsLackingAsync(volume, lost[^1], where);
        }

        // What one restore brought back, all later ones did too.
        foreach ((string Directory, string Journal, double Until) round in lost)
        {
            await AssertNoMoreIsLackingAsync(volume, round, string.Create(CultureInfo.InvariantCulture, $"after all rounds, HIPAAFS_BURN_SEED={seed}"));
        }

        Assert.Equal(0, await volume.TerminateAsync());
        ProcessOutcome fsck = await volume.RunAsync("fsck", volume.Volume);
        Assert.True(fsck.Succeeded, fsck.Describe());
    }

    private static async Task AssertNoMoreIsLackingAsync(MountedVolume volume, (string Directory, string Journal, double Until) round, string where)
    {
        ProcessOutcome check = await Shell.PythonFileAsync(
            Script("burn_check.py"),
            "/",
            ChildProcess.LongTimeout,
            round.Directory,
            round.Journal,
            round.Until.ToString("F6", CultureInfo.InvariantCulture));
        Assert.True(check.Succeeded, $"{where}\n{check.Describe()}\n{volume.LogTail}");
        Assert.DoesNotContain("files: 0\n", check.Text, StringComparison.Ordinal);
    }

    private static async Task<double> WriteUntilBurntAsync(MountedVolume volume, string directory, string journal, int seed)
    {
        using Process writer = ChildProcess.Start(
            Shell.Python, [Script("burn_writer.py"), directory, journal, $"{seed}", $"{journal}.killed"], new ChildProcessOptions());
        Task<string> words = writer.StandardOutput.ReadToEndAsync();
        Task<string> errors = writer.StandardError.ReadToEndAsync();

        // Only what was done before a publication can be asked for.
        await Eventually.TrueAsync(
            async () => writer.HasExited || (File.Exists(journal) && (await File.ReadAllTextAsync(journal)).Contains(" done ", StringComparison.Ordinal)),
            "the writer has made its first file");
        for (int i = 0; i < PublicationsInRound; i++)
        {
            await MountFigures.WaitForRecoveryPointAsync(volume);
        }

        double until = await MountFigures.ReadRecoveryPointAsync(volume);
        await File.WriteAllTextAsync($"{journal}.killed", "");
        await volume.KillAsync();
        Assert.True(await ChildProcess.WaitAsync(writer, ChildProcess.LongTimeout), "the writer hangs after the daemon's end");
        Assert.True(writer.ExitCode == 0, $"the writer failed: {await words}{await errors}");
        return until;
    }

    private static async Task<ProcessOutcome> RestoreAsync(MountedVolume volume)
    {
        await volume.DetachAsync();
        await Shell.CheckAsync("rm -rf -- volume", volume.Work);
        ProcessOutcome restored = await volume.RunAsync("restore", "--store", $"file://{volume.Store}", "--key", $"file:{volume.KeyFile}", volume.Volume);
        if (restored.Succeeded)
        {
            await File.AppendAllTextAsync(Path.Combine(volume.Volume, "volume.yaml"), Configuration);
        }

        return restored;
    }

    private static string Script(string name) => Path.Combine(PosixCase.Scripts, name);

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
}
