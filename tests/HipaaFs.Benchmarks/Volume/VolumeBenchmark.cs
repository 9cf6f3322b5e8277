using System.Diagnostics;
using System.Text.Json;
using HipaaFs.Testing.Mounts;

namespace HipaaFs.Benchmarks.Volume;

/// <summary>
/// Measures a mount against the local filesystem and gocryptfs: the same work, in turns, so that a slow minute of the
/// machine meets all of them.
/// </summary>
internal static class VolumeBenchmark
{
    private const int ReadyRuns = 5;

    /// <summary>Runs the benchmark; the exit code tells whether the goals are met.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        VolumeBenchmarkOptions? options = VolumeBenchmarkOptions.TryParse(arguments);
        if (options is null)
        {
            Console.Error.WriteLine("usage: volume [--rounds N] [--size MIB] [--files N] [--directory DIR] [--json]");
            return 2;
        }

        if (!MountPrerequisites.IsRoot || MountPrerequisites.FindProgram("gocryptfs") is null || MountPrerequisites.FindProgram("fio") is null)
        {
            Console.Error.WriteLine("the benchmark of a volume needs root (to drop the page cache), gocryptfs and fio");
            return 1;
        }

        // MountedVolume makes its directories below TMPDIR: all three targets must share one filesystem.
        Environment.SetEnvironmentVariable("TMPDIR", options.Directory);
        VolumeReport report = await MeasureAsync(options);
        Console.Write(options.Json ? report.ToJson() + "\n" : report.ToText());
        return report.Passes ? 0 : 1;
    }

    private static async Task<VolumeReport> MeasureAsync(VolumeBenchmarkOptions options)
    {
        var report = new VolumeReport();
        string work = Directory.CreateTempSubdirectory("hipaafs-bench-").FullName;
        try
        {
            await using var local = new LocalTarget(work);
            await using GocryptfsTarget gocryptfs = await GocryptfsTarget.MountAsync(work);
            await using HipaaFsTarget hipaafs = await HipaaFsTarget.MountAsync();
            IBenchmarkTarget[] targets = [local, gocryptfs, hipaafs];
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int turn = 0; turn < targets.Length; turn++)
                {
                    IBenchmarkTarget target = targets[(round + turn) % targets.Length];
                    Console.Error.WriteLine($"round {round + 1} of {options.Rounds}: {target.Name}");
                    report.Add(target.Name, await TargetRun.MeasureAsync(options, target));
                }
            }

            report.PeakResidentMiB = hipaafs.PeakResidentMiB;
            await hipaafs.Volume.UnmountAsync();
            report.ReadySeconds = await MeasureReadyAsync(hipaafs.Volume);
        }
        finally
        {
            await Shell.RunAsync("rm -rf --one-file-system -- \"$PWD\"", work);
        }

        return report;
    }

    private static async Task<double> MeasureReadyAsync(MountedVolume volume)
    {
        var seconds = new List<double>();
        for (int run = 0; run < ReadyRuns; run++)
        {
            var clock = Stopwatch.StartNew();
            ProcessOutcome mounted = (await volume.RunAsync("mount", volume.Volume, volume.Root, "--json")).EnsureSucceeded();
            await volume.ShellAsync("test -d .");
            seconds.Add(clock.Elapsed.TotalSeconds);
            (await volume.RunAsync("umount", volume.Root)).EnsureSucceeded();

            // The daemon ends after the command: the next mount must not pay for that.
            using JsonDocument report = JsonDocument.Parse(mounted.Text);
            int daemon = report.RootElement.GetProperty("result").GetProperty("pid").GetInt32();
            await Shell.CheckAsync($"while [ -e /proc/{daemon} ]; do sleep 0.02; done", "/");
        }

        seconds.Sort();
        return seconds[ReadyRuns / 2];
    }
}
