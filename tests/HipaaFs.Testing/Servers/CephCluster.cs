using System.Diagnostics;
using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;

namespace HipaaFs.Testing.Servers;

/// <summary>A real S3 server of the tests' own: Ceph's gateway with its cluster, all in memory and on loopback.</summary>
/// <remarks>One for all tests of a process, started by the first that asks for it.</remarks>
public sealed class CephCluster : IAsyncDisposable
{
    /// <summary>The user's access key.</summary>
    public const string AccessKey = "AKTEST";

    /// <summary>The user's secret key.</summary>
    public const string SecretKey = "SKTEST";

    private const int Ports = 52;
    private const int HttpOffset = 50;

    private static readonly string[] Programs = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "openssl"];

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "ceph-" + Guid.NewGuid().ToString("N")[..8]); // Short: its sockets' paths have 107 bytes.
    private readonly SemaphoreSlim _starting = new(1);
    private bool _isUp;

    /// <summary>What is missing on this machine; null when a cluster can be started.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>The gateway over plain http.</summary>
    public Uri Http { get; private set; } = new("http://127.0.0.1");

    /// <summary>The gateway over TLS, whose certificate <see cref="CaFile"/> vouches for.</summary>
    public Uri Https { get; private set; } = new("https://127.0.0.1");

    /// <summary>PEM file of the gateway's own authority.</summary>
    public string CaFile => Path.Combine(_directory, "ca.pem");

    /// <summary>Starts the cluster unless it runs, and lets the SDK's credential chain find its user.</summary>
    public async Task StartAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_isUp)
            {
                return;
            }

            int port = LoopbackPorts.FindRun(Ports);
            await RunAsync("up", _directory, port.ToString(CultureInfo.InvariantCulture));
            Http = new Uri($"http://127.0.0.1:{port + HttpOffset}");
            Https = new Uri($"https://localhost:{port + HttpOffset + 1}");
            Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", AccessKey);
            Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", SecretKey);
            _isUp = true;
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The administrator's own client, past everything under test.</summary>
    public AmazonS3Client Connect()
    {
        var config = new AmazonS3Config
        {
            ServiceURL = Http.ToString(),
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        return new AmazonS3Client(AccessKey, SecretKey, config);
    }

    /// <summary>The URL of a store in a bucket; by way of another address, such as a proxy's, if one is given.</summary>
    public string StoreUrl(string bucket, string prefix, Uri? endpoint = null) =>
        $"s3://{bucket}/{prefix}?endpoint={Uri.EscapeDataString((endpoint ?? Http).ToString())}&region=us-east-1";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(_directory))
        {
            await RunAsync("down", _directory);
            Directory.Delete(_directory, recursive: true);
        }

        _starting.Dispose();
    }

    private static string? FindMissing()
    {
        string[] directories = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator);
        string? missing = Array.Find(Programs, program => !Array.Exists(directories, directory => File.Exists(Path.Combine(directory, program))));
        return missing is null ? null : $"{missing} is not installed (Debian: ceph-mon ceph-osd radosgw ceph-common openssl)";
    }

    private static async Task RunAsync(params string[] arguments)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "ceph.sh");
        var start = new ProcessStartInfo("bash", [script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;

        // The daemons keep what they inherit open, so the end of the script counts and not the end of its output.
        var said = new System.Text.StringBuilder();
        process.OutputDataReceived += (_, line) => Append(said, line.Data);
        process.ErrorDataReceived += (_, line) => Append(said, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Task.Run(() => process.WaitForExit(TimeSpan.FromMinutes(5)));
        if (!process.HasExited || process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ceph.sh {arguments[0]} failed:\n{said}");
        }
    }

    private static void Append(System.Text.StringBuilder said, string? line)
    {
        lock (said)
        {
            said.AppendLine(line);
        }
    }
}
