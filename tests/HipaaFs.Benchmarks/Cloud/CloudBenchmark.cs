using System.Globalization;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.S3;
using HipaaFs.Testing.Mounts;
using HipaaFs.Testing.Servers;

namespace HipaaFs.Benchmarks.Cloud;

/// <summary>Measures a mount whose store is a real S3 gateway against a plain parallel download and upload, in turns; behind a link of some length and rate, or on loopback.</summary>
internal static class CloudBenchmark
{
    private const int Port = 40900;
    private const string Bucket = "bench";
    private const string ServerAddress = "10.99.0.2";

    /// <summary>Runs the benchmark; the exit code tells whether the goals are met. Stopped, it ends with the transfer under way, and takes servers, link and mount down.</summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        CloudBenchmarkOptions? options = CloudBenchmarkOptions.TryParse(arguments);
        if (options is null)
        {
            Console.Error.WriteLine(CloudBenchmarkOptions.Usage);
            return 2;
        }

        if (!MountPrerequisites.IsRoot || CephCluster.Missing is not null)
        {
            Console.Error.WriteLine($"skipped: the benchmark of a cloud store needs root (to drop caches and lay a link); {CephCluster.Missing}");
            return 0;
        }

        if (options.Gateway is { } gateway)
        {
            return await MeasureAsync(options, gateway, stop);
        }

        if (options.StoreBytes > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2)
        {
            Console.Error.WriteLine($"the store is kept in memory and would take {options.StoreBytes >> 20} MiB, more than half of what this machine has; ask for fewer rounds or a smaller file");
            return 2;
        }

        Environment.SetEnvironmentVariable("MEMSTORE_BYTES", options.StoreBytes.ToString(CultureInfo.InvariantCulture));

        return options.RoundTripMilliseconds > 0 ? await RunBehindLinkAsync(options, arguments) : await RunDirectlyAsync(options, stop);
    }

    private static async Task<int> RunDirectlyAsync(CloudBenchmarkOptions options, CancellationToken stop)
    {
        await using var ceph = new CephCluster();
        await ceph.StartAsync();
        return await MeasureAsync(options, ceph.Http, stop);
    }

    // The gateway is at one end of the link and this program, a second time, at the other.
    private static async Task<int> RunBehindLinkAsync(CloudBenchmarkOptions options, IReadOnlyList<string> arguments)
    {
        string work = Directory.CreateTempSubdirectory("wan-").FullName;
        string link = Path.Combine(AppContext.BaseDirectory, "wan.sh");
        string ceph = Path.Combine(AppContext.BaseDirectory, "ceph.sh");
        try
        {
            await Shell.CheckAsync($"'{link}' up link {options.RoundTripMilliseconds} {options.Megabits}", work);
            await Shell.CheckAsync($"ADDRESS={ServerAddress} '{link}' server '{ceph}' up ceph {Port} > ceph.log 2>&1", work);
            var child = new ChildProcessOptions { Timeout = TimeSpan.FromHours(1), WorkingDirectory = work };
            ProcessOutcome outcome = await ChildProcess.RunAsync(
                link, ["client", Environment.ProcessPath!, "cloud", .. arguments, "--gateway", $"http://{ServerAddress}:{Port + 50}"], child);
            Console.Error.Write(outcome.Error);
            Console.Write(outcome.Text);
            return outcome.ExitCode;
        }
        finally
        {
            await Shell.RunAsync($"'{ceph}' down ceph; '{link}' down link; rm -rf --one-file-system -- \"$PWD\"", work);
        }
    }

    private static async Task<int> MeasureAsync(CloudBenchmarkOptions options, Uri gateway, CancellationToken stop)
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", CephCluster.AccessKey);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", CephCluster.SecretKey);
        using AmazonS3Client client = Connect(gateway);
        await client.PutBucketAsync(Bucket, stop);
        using var plain = new PlainTransfer(client, Bucket);
        string store = $"s3://{Bucket}/volume?endpoint={Uri.EscapeDataString(gateway.ToString())}&region=us-east-1&allow-insecure=true";
        await using MountTransfer mount = await MountTransfer.MountAsync(store, options.Bytes);

        // Both once for nothing: compilers, connections and the gateway's own caches.
        stop.ThrowIfCancellationRequested();
        await plain.UploadAsync(CloudBenchmarkOptions.WarmingBytes);
        await plain.DownloadAsync(CloudBenchmarkOptions.WarmingBytes);
        await mount.WriteAsync(options.Bytes);
        var figures = new Dictionary<string, List<Transfer>>();
        for (int round = 0; round < options.Rounds; round++)
        {
            Console.Error.WriteLine($"round {round + 1} of {options.Rounds}");
            await MeasureOneAsync(figures, "plain upload", plain.UploadAsync, options.Bytes, stop);
            await MeasureOneAsync(figures, "mount write", mount.WriteAsync, options.Bytes, stop);
            await MeasureOneAsync(figures, "plain download", plain.DownloadAsync, options.Bytes, stop);
            await MeasureOneAsync(figures, "mount read", mount.ReadAsync, options.Bytes, stop);
        }

        bool isBehindLink = options.RoundTripMilliseconds > 0;
        CloudGoal[] goals =
        [
            new("sequential read", Median(figures["plain download"]), Median(figures["mount read"]), isBehindLink),
            new("sequential write", Median(figures["plain upload"]), Median(figures["mount write"]), isBehindLink),
        ];
        Report(goals, options);
        return Array.TrueForAll(goals, static goal => goal.IsMet) ? 0 : 1;
    }

    private static AmazonS3Client Connect(Uri gateway) => new(
        CephCluster.AccessKey,
        CephCluster.SecretKey,
        new AmazonS3Config
        {
            ServiceURL = gateway.ToString(),
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });

    private static async Task MeasureOneAsync(Dictionary<string, List<Transfer>> figures, string name, Func<long, Task<Transfer>> move, long bytes, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        Transfer transfer = await move(bytes);
        if (!figures.TryGetValue(name, out List<Transfer>? all))
        {
            figures[name] = all = [];
        }

        all.Add(transfer);
    }

    // Of each figure for itself.
    private static Transfer Median(List<Transfer> transfers) => new(
        transfers[0].Bytes,
        Median(transfers.Select(static transfer => transfer.Seconds)),
        Median(transfers.Select(static transfer => transfer.ProcessorSeconds)));

    private static double Median(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static void Report(CloudGoal[] goals, CloudBenchmarkOptions options)
    {
        if (options.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                schema = 1,
                ok = Array.TrueForAll(goals, static goal => goal.IsMet),
                roundTripMilliseconds = options.RoundTripMilliseconds,
                megabits = options.RoundTripMilliseconds > 0 ? options.Megabits : 0,
                result = goals,
            }));
            return;
        }

        Console.WriteLine(options.RoundTripMilliseconds > 0
            ? $"behind {options.RoundTripMilliseconds} ms and {options.Megabits} Mbit/s"
            : "client and store on this machine");
        foreach (CloudGoal goal in goals)
        {
            string verdict = goal.IsMet ? "PASS" : "FAIL";
            string wanted = goal.IsBehindLink
                ? string.Create(CultureInfo.InvariantCulture, $"{goal.Share:F2} of it, at least {CloudGoal.LeastShare}")
                : string.Create(CultureInfo.InvariantCulture, $"{goal.MoreSeconds:F2} s/GiB more, at most {CloudGoal.MostSeconds}");
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{goal.Name,-18} plain {goal.Plain.Rate,6:F1} MiB/s {goal.Plain.ProcessorSecondsPerGibibyte,5:F2} CPU s/GiB   mount {goal.Mount.Rate,6:F1} MiB/s {goal.Mount.ProcessorSecondsPerGibibyte,5:F2} CPU s/GiB   {wanted}  {verdict}"));
        }
    }
}
