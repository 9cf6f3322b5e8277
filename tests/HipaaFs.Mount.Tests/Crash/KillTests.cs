using System.Diagnostics;
using System.Globalization;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Crash;

/// <summary>The daemon is killed at random moments of a write load; what fsync promised is there, and nothing else is wrong.</summary>
/// <remarks>
/// HIPAAFS_CRASH_ROUNDS (10) and HIPAAFS_CRASH_SEED (printed when a round fails) repeat or lengthen the run.
/// </remarks>
public sealed class KillTests
{
    private static readonly TimeSpan CheckTimeout = ChildProcess.LongTimeout;

    [Fact]
    public async Task Kill_AtRandomMomentsOfWriting_KeepsEveryPromise()
    {
        int rounds = Setting("HIPAAFS_CRASH_ROUNDS", 10);
        int seed = Setting("HIPAAFS_CRASH_SEED", Environment.TickCount & 0xFFFF);
        var dice = new Random(seed);
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("mkdir load");
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();

        for (int round = 1; round <= rounds; round++)
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"round {round} of {rounds}, HIPAAFS_CRASH_SEED={seed}");
            await WriteUntilKilledAsync(volume, dice, round);

            // No word to detach the dead mount, no repair: mounting again is all that an administrator's script does.
            await volume.MountAsync();
            await AssertPromisesKeptAsync(volume, where);

            if (round % 5 == 0 || round == rounds)
            {
                await AssertCheckIsCleanAsync(volume, where);
            }
        }
    }

    private static async Task WriteUntilKilledAsync(MountedVolume volume, Random dice, int round)
    {
        using Process writer = ChildProcess.Start(
            Shell.Python,
            [Script("crash_writer.py"), Path.Combine(volume.Root, "load"), Journal(volume), $"{dice.Next()}", $"{round}"],
            new ChildProcessOptions());
        Task<string> words = writer.StandardOutput.ReadToEndAsync();
        Task<string> errors = writer.StandardError.ReadToEndAsync();

        // The moment is random on purpose; the outcome does not depend on it.
        await Task.Delay(dice.Next(50, 1500));
        await volume.KillAsync();
        bool ended = await ChildProcess.WaitAsync(writer, CheckTimeout);
        if (!ended)
        {
            writer.Kill(entireProcessTree: true);
        }

        Assert.True(ended, $"the writer hangs after the daemon's end, round {round}");
        Assert.True(writer.ExitCode == 0, $"the writer failed: {await words}{await errors}");
    }

    private static async Task AssertPromisesKeptAsync(MountedVolume volume, string where)
    {
        ProcessOutcome outcome = await Shell.PythonFileAsync(
            Script("crash_check.py"), "/", CheckTimeout, Path.Combine(volume.Root, "load"), Journal(volume));
        Assert.True(outcome.Succeeded, $"{where}\n{outcome.Describe()}\n{volume.LogTail}");
    }

    private static async Task AssertCheckIsCleanAsync(MountedVolume volume, string where)
    {
        int exitCode = await volume.TerminateAsync();
        Assert.True(exitCode == 0, $"{where}: the daemon ended with {exitCode}\n{volume.LogTail}");
        ProcessOutcome check = await volume.RunAsync("fsck", volume.Volume);
        Assert.True(check.Succeeded, $"{where}\n{check.Describe()}");
        await volume.MountAsync();
    }

    private static string Script(string name)
    {
        return Path.Combine(PosixCase.Scripts, name);
    }

    private static string Journal(MountedVolume volume)
    {
        return Path.Combine(volume.Work, "journal");
    }

    private static int Setting(string name, int fallback)
    {
        return int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
    }
}
