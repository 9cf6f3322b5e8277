using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Azure.Storage;
using Azure.Storage.Blobs;

namespace HipaaFs.Testing.Servers;

/// <summary>Microsoft's emulator of Azure Blob Storage, on loopback. The one for all tests of a process has its data in memory; one with a directory can be killed and brought back.</summary>
public sealed class AzuriteServer : IAsyncDisposable
{
    /// <summary>The emulator's account.</summary>
    public const string Account = "devstoreaccount1";

    /// <summary>The account's key, which is public and the same everywhere.</summary>
    public const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    private readonly SemaphoreSlim _starting = new(1);
    private readonly string? _directory;
    private Process? _process;
    private int _port;

    /// <summary>One that keeps its data in memory.</summary>
    public AzuriteServer()
    {
    }

    private AzuriteServer(string directory) => _directory = directory;

    /// <summary>One that keeps its data in a directory.</summary>
    public static AzuriteServer In(string directory) => new(directory);

    /// <summary>What is missing on this machine; null when the emulator can be started.</summary>
    public static string? Missing { get; } = FindProgram() is null
        ? "azurite is not installed (set HIPAAFS_AZURITE to its azurite-blob, as ./build.sh test does where npm is)"
        : null;

    /// <summary>Its address, without the account.</summary>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1");

    /// <summary>Starts it unless it runs.</summary>
    public async Task StartAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_process is not null)
            {
                return;
            }

            _port = _port == 0 ? LoopbackPorts.FindRun(1) : _port;
            string number = _port.ToString(CultureInfo.InvariantCulture);
            string[] place = _directory is null ? ["--inMemoryPersistence"] : ["--location", _directory];
            string[] arguments =
            [
                FindProgram()!, "--blobHost", "127.0.0.1", "--blobPort", number, .. place, "--silent", "--disableTelemetry", "--skipApiVersionCheck",
            ];
            _process = Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            _process.OutputDataReceived += static (_, _) => { };
            _process.ErrorDataReceived += static (_, _) => { };
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
            await WaitUntilItListensAsync(_port);
            Endpoint = new Uri($"http://127.0.0.1:{number}");
            Environment.SetEnvironmentVariable("AZURE_STORAGE_KEY", Key);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Ends it as a crash does. <see cref="StartAsync"/> brings it back at the same address.</summary>
    public async Task KillAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_process is not null)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
                _process.Dispose();
                _process = null;
            }
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The administrator's own client of a container, past everything under test.</summary>
    public BlobContainerClient Connect(string container)
    {
        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2023_01_03);
        return new BlobContainerClient(new Uri($"{Endpoint}{Account}/{container}"), new StorageSharedKeyCredential(Account, Key), options);
    }

    /// <summary>The URL of a store in a container; by way of another address, such as a proxy's, if one is given.</summary>
    public string StoreUrl(string container, string prefix, Uri? endpoint = null) =>
        $"azblob://{Account}/{container}/{prefix}?endpoint={Uri.EscapeDataString((endpoint ?? Endpoint).ToString())}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _starting.Dispose();
    }

    private static string? FindProgram()
    {
        string? program = Environment.GetEnvironmentVariable("HIPAAFS_AZURITE");
        return File.Exists(program) ? program : null;
    }

    private async Task WaitUntilItListensAsync(int port)
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < StartTimeout && !_process!.HasExited)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100)); // It tells nobody when it is ready.
            }
        }

        throw new InvalidOperationException("azurite does not answer");
    }
}
