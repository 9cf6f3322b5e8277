using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using HipaaFs.Testing.Mounts;

namespace HipaaFs.Benchmarks.Cloud;

/// <summary>The same bytes through a mount: dd(1) into a file until all of it is in the store, and dd(1) out of it with nothing cached.</summary>
/// <remarks>
/// As the plain transfers, these are of a program that has been at work: before each a smaller file goes the same way, uncounted. The daemon that reads is a new one each time,
/// whose compiler would else be a good part of what is measured.
/// </remarks>
internal sealed class MountTransfer : IAsyncDisposable
{
    private const int ClockTicks = 100; // USER_HZ, of proc(5).
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestUpload = TimeSpan.FromMinutes(10);

    private readonly MountedVolume _volume;
    private readonly string _source;

    private MountTransfer(MountedVolume volume, string source)
    {
        _volume = volume;
        _source = source;
    }

    /// <summary>Makes a volume in a store and mounts it.</summary>
    internal static async Task<MountTransfer> MountAsync(string store, long bytes)
    {
        MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Store = store });
        string source = Path.Combine(volume.Work, "source");
        await Shell.CheckAsync($"head -c {bytes} /dev/urandom > source", volume.Work);
        return new MountTransfer(volume, source);
    }

    /// <summary>Writes the file, and waits until nothing of it is left to upload.</summary>
    internal async Task<Transfer> WriteAsync(long bytes)
    {
        await _volume.ShellAsync("rm -f large");
        await WarmAsync();
        double before = ReadProcessorSeconds();
        var clock = Stopwatch.StartNew();
        double tool = await RunAsync($"dd if={_source} of=large bs=1M conv=fsync status=none");
        await SettleAsync();
        return new Transfer(bytes, clock.Elapsed.TotalSeconds, ReadProcessorSeconds() - before + tool);
    }

    /// <summary>Reads the file, nothing of which is on this machine.</summary>
    internal async Task<Transfer> ReadAsync(long bytes)
    {
        await _volume.UnmountAsync();
        await Shell.CheckAsync("rm -rf -- volume/cache", _volume.Work);
        await _volume.MountAsync();
        await _volume.ShellAsync("dd if=warming of=/dev/null bs=1M status=none");
        double before = ReadProcessorSeconds();
        var clock = Stopwatch.StartNew();
        double tool = await RunAsync("dd if=large of=/dev/null bs=1M status=none");
        return new Transfer(bytes, clock.Elapsed.TotalSeconds, ReadProcessorSeconds() - before + tool);
    }

    // Leaves a file that the next read warms up with.
    private async Task WarmAsync()
    {
        await _volume.ShellAsync($"head -c {CloudBenchmarkOptions.WarmingBytes} {_source} | dd of=warming bs=1M iflag=fullblock conv=fsync status=none");
        await SettleAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _volume.DisposeAsync();

    // The processor time of the tool, which bash's "times" counts for its children.
    private async Task<double> RunAsync(string command)
    {
        string[] lines = (await _volume.ShellAsync(command + "\ntimes")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines[1].Split(' ').Sum(static text =>
        {
            string[] parts = text.Split('m');
            return (60 * double.Parse(parts[0], CultureInfo.InvariantCulture)) + double.Parse(parts[1].TrimEnd('s'), CultureInfo.InvariantCulture);
        });
    }

    private double ReadProcessorSeconds()
    {
        // Behind the name, which may hold anything: fields 14 and 15 of proc_pid_stat(5).
        string stat = File.ReadAllText($"/proc/{_volume.DaemonId}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / ClockTicks;
    }

    private static bool IsSettled(string metrics) => metrics.Split('\n').Any(
        static line => line.StartsWith("hipaafs_staged_segments{", StringComparison.Ordinal) && line.EndsWith("} 0", StringComparison.Ordinal));

    private async Task SettleAsync()
    {
        string id = File.ReadLines(Path.Combine(_volume.Volume, "volume.yaml")).First(static line => line.StartsWith("id:", StringComparison.Ordinal))[3..].Trim();
        string socket = Path.Combine(Directory.GetDirectories("/run/hipaafs", id + "*").Single(), "control");
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                return new NetworkStream(connection, ownsSocket: true);
            },
        });
        var clock = Stopwatch.StartNew();
        while (!IsSettled(await http.GetStringAsync("http://localhost/metrics")))
        {
            if (clock.Elapsed > LongestUpload)
            {
                throw new TimeoutException("what was written is not uploaded after ten minutes");
            }

            await Task.Delay(LookPeriod);
        }
    }
}
