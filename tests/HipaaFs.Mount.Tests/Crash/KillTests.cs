using System.Diagnostics;
using System.Globalization;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Crash;

/// <summary>The daemon is killed at random moments while several programs write, rename and remove; what fsync promised is there, and nothing else is wrong.</summary>
/// <remarks>
/// HIPAAFS_CRASH_ROUNDS (10) and HIPAAFS_CRASH_SEED (printed when a round fails) repeat or lengthen the run.
/// </remarks>
public sealed class KillTests
{
    private const int Writers = 3;

    private static readonly TimeSpan CheckTimeout = ChildProcess.LongTimeout;

    [Fact]
    public async Task Kill_AtRandomMomentsOfWriting_KeepsEveryPromise()
    {
        int rounds = Setting("HIPAAFS_CRASH_ROUNDS", 10);
        int seed = Setting("HIPAAFS_CRASH_SEED", Environment.TickCount & 0xFFFF);
        var dice = new Random(seed);
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync($"mkdir -p $(seq -f load-%g 1 {Writers})");
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

        long promises = Enumerable.Range(1, Writers).Sum(number => new FileInfo(Journal(volume, number)) is { Exists: true } journal ? journal.Length : 0);
        Assert.True(promises > 0, "nothing was promised in any round: nothing is shown");
    }

    private static async Task WriteUntilKilledAsync(MountedVolume volume, Random dice, int round)
    {
        string mark = Path.Combine(volume.Work, $"killed-{round}");
        Process[] writers = [.. Enumerable.Range(1, Writers).Select(number => ChildProcess.Start(
            Shell.Python,
            [Script("crash_writer.py"), Load(volume, number), Journal(volume, number), $"{dice.Next()}", $"{round}", mark],
            new ChildProcessOptions()))];
        try
        {
            Task<string>[] errors = [.. writers.Select(static writer => writer.StandardError.ReadToEndAsync())];
            foreach ((Process writer, Task<string> error) in writers.Zip(errors))
            {
                string? begun = await writer.StandardOutput.ReadLineAsync();
                Assert.True(begun == "writing", $"round {round}: a writer never began: {begun}{(writer.HasExited ? await error : "")}");
            }

            Task<string>[] words = [.. writers.Select(static writer => writer.StandardOutput.ReadToEndAsync())];

            // The moment is random on purpose; the outcome does not depend on it.
            await Task.Delay(dice.Next(50, 1500));
            await File.WriteAllTextAsync(mark, "");
            await volume.KillAsync();
            for (int i = 0; i < writers.Length; i++)
            {
                Assert.True(await ChildProcess.WaitAsync(writers[i], CheckTimeout), $"a writer hangs after the daemon's end, round {round}");
                Assert.True(writers[i].ExitCode == 0, $"round {round}: a writer failed: {await words[i]}{await errors[i]}\n{volume.LogTail}");
            }
        }
        finally
        {
            foreach (Process writer in writers)
            {
                if (!writer.HasExited)
                {
                    writer.Kill(entireProcessTree: true);
                }

                writer.Dispose();
            }
        }
    }

    private static async Task AssertPromisesKeptAsync(MountedVolume volume, string where)
    {
        for (int number = 1; number <= Writers; number++)
        {
            ProcessOutcome outcome = await Shell.PythonFileAsync(Script("crash_check.py"), "/", CheckTimeout, Load(volume, number), Journal(volume, number));
            Assert.True(outcome.Succeeded, $"{where}\n{outcome.Describe()}\n{volume.LogTail}");
        }
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

    private static string Load(MountedVolume volume, int writer)
    {
        return Path.Combine(volume.Root, $"load-{writer}");
    }

    private static string Journal(MountedVolume volume, int writer)
    {
        return Path.Combine(volume.Work, $"journal-{writer}");
    }

    private static int Setting(string name, int fallback)
    {
        return int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
    }
}
