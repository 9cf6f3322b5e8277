using System.Globalization;
using System.Text.Json;
using HipaaFs.Testing.Mounts;

namespace HipaaFs.Benchmarks.Volume;

/// <summary>Measures all figures of one target once.</summary>
internal sealed class TargetRun
{
    // Reads of one fio run: the same work for every target, few enough that the page cache does not begin to serve them.
    private const int RandomReads = 16384;

    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(300);

    private readonly VolumeBenchmarkOptions _options;
    private readonly string _root;
    private readonly Dictionary<Metric, double> _figures = [];

    private TargetRun(VolumeBenchmarkOptions options, string root)
    {
        _options = options;
        _root = root;
    }

    /// <summary>Runs every workload in a directory of the target, which it leaves empty.</summary>
    public static async Task<IReadOnlyDictionary<Metric, double>> MeasureAsync(VolumeBenchmarkOptions options, IBenchmarkTarget target)
    {
        var run = new TargetRun(options, target.Root);
        await run.MeasureLargeFileAsync();
        await run.MeasureSmallFilesAsync();
        return run._figures;
    }

    private async Task MeasureLargeFileAsync()
    {
        string file = Path.Combine(_root, "large");
        await StepAsync(Metric.SequentialWrite, "write", file, _options.FileMiB);
        await DropCachesAsync();
        await StepAsync(Metric.SequentialRead, "read", file, _options.FileMiB);
        await DropCachesAsync();
        _figures[Metric.RandomReadOneJob] = await RandomReadsAsync(file, jobs: 1);
        await DropCachesAsync();
        _figures[Metric.RandomReadFourJobs] = await RandomReadsAsync(file, jobs: 4);
        await Shell.CheckAsync("rm large", _root, StepTimeout);
        await DropCachesAsync();
    }

    private async Task MeasureSmallFilesAsync()
    {
        string directory = Path.Combine(_root, "study");
        await Shell.CheckAsync("mkdir study", _root);
        await StepAsync(Metric.Create, "create", directory, _options.Files);
        await DropCachesAsync();
        await StepAsync(Metric.Stat, "stat", directory, _options.Files);
        await DropCachesAsync();
        await StepAsync(Metric.Read, "read-small", directory, _options.Files);
        await StepAsync(Metric.Rename, "rename", directory, _options.Files);
        await StepAsync(Metric.Unlink, "unlink", directory, _options.Files);
        await Shell.CheckAsync("rmdir study", _root);
        await DropCachesAsync();
    }

    private async Task StepAsync(Metric metric, string workload, string path, int count)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path");
        ProcessOutcome outcome = await ChildProcess.RunAsync(
            program,
            ["workload", workload, path, count.ToString(CultureInfo.InvariantCulture)],
            new ChildProcessOptions { Timeout = StepTimeout });
        _figures[metric] = double.Parse(outcome.EnsureSucceeded().Text, CultureInfo.InvariantCulture);
    }

    private static async Task<double> RandomReadsAsync(string file, int jobs)
    {
        ProcessOutcome outcome = await ChildProcess.RunAsync(
            "fio",
            [
                "--name=random", $"--filename={file}", "--readonly", "--rw=randread", "--bs=4k", "--ioengine=psync", "--direct=0",
                $"--numjobs={jobs}", $"--io_size={RandomReads / jobs * 4096}", "--randseed=1", "--group_reporting", "--output-format=json",
            ],
            new ChildProcessOptions { Timeout = StepTimeout });
        using JsonDocument report = JsonDocument.Parse(outcome.EnsureSucceeded().Text);
        return report.RootElement.GetProperty("jobs")[0].GetProperty("read").GetProperty("iops").GetDouble();
    }

    private static async Task DropCachesAsync()
    {
        // Dirty pages are written first: what is measured next must not pay for what was measured before.
        await Shell.CheckAsync("sync; echo 3 > /proc/sys/vm/drop_caches", "/", StepTimeout);
    }
}
