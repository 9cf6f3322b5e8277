using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using HipaaFs.Cli.Output;
using HipaaFs.Scrubbing;
using HipaaFs.Collection;

namespace HipaaFs.Cli.Control;

/// <summary>Asks a daemon over its control socket.</summary>
internal sealed partial class ControlClient : IDisposable
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    private readonly string _socketPath;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    /// <summary>Creates the client of a socket; nothing is connected yet.</summary>
    public ControlClient(string socketPath, TimeProvider time)
    {
        _socketPath = socketPath;
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync })
        {
            BaseAddress = new Uri("http://hipaafs/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Whether a daemon listens now.</summary>
    public async Task<bool> IsAnsweringAsync(CancellationToken cancel)
    {
        try
        {
            await using NetworkStream stream = await OpenSocketAsync(cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Waits until the daemon listens: a mount answers a moment before its control socket does.</summary>
    public async Task<bool> WaitUntilAnsweringAsync(CancellationToken cancel)
    {
        long start = _time.GetTimestamp();
        while (!await IsAnsweringAsync(cancel))
        {
            if (_time.GetElapsedTime(start) > ConnectPatience)
            {
                return false;
            }

            await Task.Delay(RetryDelay, _time, cancel);
        }

        return true;
    }

    /// <summary>How the mount is.</summary>
    public Task<MountStatus> GetStatusAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, "v1/status", JsonOutput.Default.MountStatus, null, cancel);

    /// <summary>Makes everything written so far durable.</summary>
    public Task<MountStatus> SyncAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, "v1/sync", JsonOutput.Default.MountStatus, null, cancel);

    /// <summary>Rewrites and deletes what the store holds in vain, with progress.</summary>
    public Task<GarbageReport> CollectGarbageAsync(Action<ProgressUpdate> progress, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, "v1/gc", JsonOutput.Default.GarbageReport, progress, cancel);

    /// <summary>Looks for segments of the store that the volume knows nothing of, and deletes them if told to.</summary>
    public Task<UnknownReport> SweepUnknownAsync(bool deletes, Action<ProgressUpdate> progress, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, deletes ? "v1/gc/unknown?delete=true" : "v1/gc/unknown", JsonOutput.Default.UnknownReport, progress, cancel);

    /// <summary>Reads everything in the store and repairs it, with progress.</summary>
    public Task<ScrubResult> ScrubAsync(ScrubOptions options, Action<ProgressUpdate> progress, CancellationToken cancel) => SendAsync(
        HttpMethod.Post,
        string.Create(CultureInfo.InvariantCulture, $"v1/scrub?bandwidth={options.BytesPerSecond}&restart={(options.Restart ? "true" : "false")}"),
        JsonOutput.Default.ScrubResult,
        progress,
        cancel);

    /// <summary>Uploads and unmounts, or with <paramref name="now"/> unmounts at once.</summary>
    public Task<UmountOutcome> UmountAsync(bool now, Action<ProgressUpdate> progress, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, now ? "v1/umount?now=true" : "v1/umount", JsonOutput.Default.UmountOutcome, progress, cancel);

    /// <summary>Asks a daemon that only uploads any more to let go of the volume.</summary>
    public Task<MountStatus> HandOverAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, "v1/handover", JsonOutput.Default.MountStatus, null, cancel);

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _http.Dispose();

    // An answer is any number of progress lines and one result or failure.
    private Task<T> SendAsync<T>(
        HttpMethod method, string path, JsonTypeInfo<T> type, Action<ProgressUpdate>? progress, CancellationToken cancel) =>
        SendAsync(method, path, content: null, type, progress, cancel);

    private Task<T> SendAsync<T>(
        HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, Action<ProgressUpdate>? progress, CancellationToken cancel) => SendAsync(
        method,
        path,
        content,
        async answer =>
        {
            while (await answer.ReadLineAsync(cancel) is { } line)
            {
                using JsonDocument document = JsonDocument.Parse(line);
                if (JsonEnvelope.ReadProgress(document.RootElement) is not { } update)
                {
                    return JsonEnvelope.ReadResult(document.RootElement, type);
                }

                progress?.Invoke(update);
            }

            throw Unanswered(null);
        },
        cancel);

    // Or it is a list of any length, an item a line.
    private Task<bool> ReceiveAsync<T>(string path, JsonTypeInfo<T> type, Action<T> tell, CancellationToken cancel) => SendAsync(
        HttpMethod.Get,
        path,
        content: null,
        async answer =>
        {
            bool hasBegun = false;
            while (await answer.ReadLineAsync(cancel) is { } line)
            {
                if (!hasBegun && line == JsonEnvelope.ListBegin)
                {
                    hasBegun = true;
                }
                else if (!hasBegun)
                {
                    using JsonDocument document = JsonDocument.Parse(line);
                    JsonEnvelope.ThrowIfFailed(document.RootElement);
                }
                else if (line.StartsWith(']'))
                {
                    JsonEnvelope.ReadListEnd(line);
                    return true;
                }
                else
                {
                    tell(JsonSerializer.Deserialize(line.AsSpan(line.StartsWith(',') ? 1 : 0), type)!);
                }
            }

            throw Unanswered(null);
        },
        cancel);

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? content, Func<StreamReader, Task<T>> receive, CancellationToken cancel)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = content };
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancel), Encoding.UTF8);
            return await receive(reader);
        }
        catch (HttpRequestException error)
        {
            throw Unanswered(error);
        }
        catch (IOException error)
        {
            throw Unanswered(error);
        }
        catch (JsonException error)
        {
            throw Unanswered(error);
        }
    }

    private static CommandException Unanswered(Exception? cause) => new(
        ExitCode.Failed,
        "ask the daemon: it did not answer, or ended while it was asked",
        "'hipaafs status' shows which daemons run; the log says why one ended.",
        cause);

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel) =>
        await OpenSocketAsync(cancel);

    private async Task<NetworkStream> OpenSocketAsync(CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
