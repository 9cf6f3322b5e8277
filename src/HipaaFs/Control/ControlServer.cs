using System.Globalization;
using System.Net.Sockets;
using HipaaFs.Cli.Interop;
using HipaaFs.Cli.Output;
using HipaaFs.Collection;
using HipaaFs.Scrubbing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Cli.Control;

/// <summary>Answers the control socket of one daemon: HTTP/1.1 on a Unix socket, JSON in the envelope of <see cref="JsonEnvelope"/>.</summary>
/// <remarks>
/// docs/configuration.md says of every request what it asks and answers; those that take long send progress lines before the one result; <c>GET /metrics</c> in Prometheus text. The socket has mode 0600 in a directory of mode 0700, and who
/// connects must be root or the user of the daemon: the kernel says who it is.
/// </remarks>
internal sealed partial class ControlServer : IAsyncDisposable
{
    private const int HttpStatusRefused = StatusCodes.Status409Conflict;

    private static readonly object PeerItem = new();

    // Every request there is, in the order in which an unknown one is told of them.
    private static readonly OrderedDictionary<(string Method, string Path), Func<ControlServer, HttpContext, Task>> Routes = new()
    {
        [("GET", "/v1/status")] = static (server, http) => server.SendStatusAsync(http),
        [("GET", "/metrics")] = static (server, http) => server.SendMetricsAsync(http),
        [("POST", "/v1/sync")] = static (server, http) => server.SyncAsync(http),
        [("POST", "/v1/gc")] = static (server, http) => server.CollectGarbageAsync(http),
        [("POST", "/v1/gc/unknown")] = static (server, http) => server.SweepUnknownAsync(http),
        [("POST", "/v1/scrub")] = static (server, http) => server.ScrubAsync(http),
        [("POST", "/v1/umount")] = static (server, http) => server.UmountAsync(http),
        [("POST", "/v1/handover")] = static (server, http) => server.HandOverAsync(http),
        [("GET", "/v1/snapshots")] = static (server, http) => server.ListSnapshotsAsync(http),
        [("POST", "/v1/snapshots")] = static (server, http) => server.CreateSnapshotAsync(http),
        [("DELETE", "/v1/snapshots")] = static (server, http) => server.DeleteSnapshotAsync(http),
        [("GET", "/v1/snapshots/diff")] = static (server, http) => server.CompareSnapshotsAsync(http),
        [("GET", "/v1/trash")] = static (server, http) => server.ListTrashAsync(http),
        [("GET", "/v1/cache")] = static (server, http) => server.DescribeCacheAsync(http),
        [("POST", "/v1/cache/warm")] = static (server, http) => server.UseCacheAsync(http, CacheUse.Warm),
        [("POST", "/v1/cache/pin")] = static (server, http) => server.UseCacheAsync(http, CacheUse.Pin),
        [("POST", "/v1/cache/unpin")] = static (server, http) => server.UseCacheAsync(http, CacheUse.Unpin),
        [("GET", "/v1/stores")] = static (server, http) => server.ListStoresAsync(http),
        [("GET", "/v1/quotas")] = static (server, http) => server.ListQuotasAsync(http),
        [("POST", "/v1/recall")] = static (server, http) => server.RecallAsync(http),
        [("POST", "/v1/residency")] = static (server, http) => server.ReportResidencyAsync(http),
        [("POST", "/v1/cost")] = static (server, http) => server.ReportCostAsync(http),
        [("POST", "/v1/transitions")] = static (server, http) => server.TransitionAsync(http),
        [("POST", "/v1/stores/verify")] = static (server, http) => server.VerifyStoreAsync(http, repairs: false),
        [("POST", "/v1/stores/repair")] = static (server, http) => server.VerifyStoreAsync(http, repairs: true),
        [("DELETE", "/v1/stores")] = static (server, http) => server.RemoveStoreAsync(http),
        [("POST", "/v1/stores/empty")] = static (server, http) => server.EmptyStoreAsync(http),
        [("POST", "/v1/stores/forget")] = static (server, http) => server.ForgetStoreAsync(http),
        [("POST", "/v1/stores/ship")] = static (server, http) => server.ShipAsync(http),
        [("POST", "/v1/policy/plan")] = static (server, http) => server.UsePolicyAsync(http, applies: false),
        [("POST", "/v1/policy/apply")] = static (server, http) => server.UsePolicyAsync(http, applies: true),
    };

    private readonly IControlTarget _target;
    private readonly ILogger _logger;
    private readonly uint _user = LibC.geteuid();
    private readonly WebApplication _application;
    private readonly string _socketPath;
    private readonly string _boundPath;

    /// <summary>All requests that are answered, as "GET /v1/status".</summary>
    internal static IEnumerable<string> Requests => Routes.Keys.Select(static route => $"{route.Method} {route.Path}");

    /// <summary>Builds the server; nothing listens before <see cref="StartAsync"/>.</summary>
    public ControlServer(string socketPath, IControlTarget target, ILoggerFactory loggers)
    {
        // A listening socket removes the name it was bound to when it is closed, which may be the name of the next daemon by
        // then: so it is bound under a name of its own and renamed.
        _socketPath = socketPath;
        _boundPath = string.Create(CultureInfo.InvariantCulture, $"{socketPath}-{Environment.ProcessId}");
        _target = target;
        _logger = loggers.CreateLogger<ControlServer>();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 4096;
            kestrel.ListenUnixSocket(_boundPath, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => AdmitAsync(next, connection));
            });
        });
        _application = builder.Build();
        _application.Run(ServeAsync);
    }

    /// <summary>Starts to listen. What is left of a daemon that was killed is replaced.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        File.Delete(_boundPath);
        await _application.StartAsync(cancel);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_boundPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.Move(_boundPath, _socketPath, overwrite: true);
    }

    /// <summary>Stops to listen; requests in flight get two seconds to end.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _application.StopAsync(patience.Token);
        await _application.DisposeAsync();
    }

    private Task AdmitAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        Socket? socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        if (socket is not null)
        {
            PeerCredentials peer = PeerCredentials.Of(socket);
            if (peer.UserId == 0 || peer.UserId == _user)
            {
                connection.Items[PeerItem] = peer;
                return next(connection);
            }

            LogRefused(_logger, peer.UserId, peer.ProcessId);
        }

        connection.Abort();
        return Task.CompletedTask;
    }

    private async Task ServeAsync(HttpContext http)
    {
        if (http.Features.Get<IConnectionItemsFeature>()?.Items[PeerItem] is PeerCredentials peer)
        {
            LogLevel level = !HttpMethods.IsGet(http.Request.Method) ? LogLevel.Information : LogLevel.Debug;
            string request = http.Request.Path.Value ?? "";
            LogRequest(_logger, level, request, peer.UserId, peer.ProcessId);
        }

        try
        {
            await AnswerAsync(http);
        }
        catch (CommandException failure)
        {
            await FailAsync(http, failure);
        }
    }

    private Task AnswerAsync(HttpContext http) => Routes.TryGetValue((http.Request.Method, http.Request.Path.Value ?? ""), out Func<ControlServer, HttpContext, Task>? answer)
        ? answer(this, http)
        : throw new CommandException(
            ExitCode.NotFound,
            $"answer {http.Request.Method} {http.Request.Path}: there is no such request",
            $"Use one of {string.Join(", ", Requests)}.");

    private Task SendStatusAsync(HttpContext http) => SendAsync(http, JsonEnvelope.Result(_target.GetStatus(), JsonOutput.Default.MountStatus));

    private async Task SyncAsync(HttpContext http)
    {
        await _target.SyncAsync(http.RequestAborted);
        await SendAsync(http, JsonEnvelope.Result(_target.GetStatus(), JsonOutput.Default.MountStatus));
    }

    private async Task CollectGarbageAsync(HttpContext http)
    {
        using var oneAtATime = new SemaphoreSlim(1);
        GarbageReport report = await _target.CollectGarbageAsync(update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(report, JsonOutput.Default.GarbageReport));
    }

    private async Task SweepUnknownAsync(HttpContext http)
    {
        using var oneAtATime = new SemaphoreSlim(1);
        UnknownReport report = await _target.SweepUnknownAsync(Query(http, "delete") == "true", update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(report, JsonOutput.Default.UnknownReport));
    }

    private async Task ScrubAsync(HttpContext http)
    {
        var options = new ScrubOptions
        {
            BytesPerSecond = long.TryParse(Query(http, "bandwidth"), NumberStyles.None, CultureInfo.InvariantCulture, out long rate) ? rate : 0,
            Restart = Query(http, "restart") == "true",
        };
        using var oneAtATime = new SemaphoreSlim(1);
        ScrubResult found = await _target.ScrubAsync(options, update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(found, JsonOutput.Default.ScrubResult));
    }

    private async Task UmountAsync(HttpContext http)
    {
        bool now = http.Request.Query["now"] == "true";
        using var oneAtATime = new SemaphoreSlim(1);
        UmountOutcome outcome = await _target.UmountAsync(now, update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(outcome, JsonOutput.Default.UmountOutcome));
    }

    // A report that finds another one still being sent is left out: the next one says more.
    private static void Report(HttpContext http, ProgressUpdate update, SemaphoreSlim oneAtATime)
    {
        if (oneAtATime.Wait(0))
        {
            _ = SendAndReleaseAsync(http, update, oneAtATime);
        }
    }

    private static async Task SendAndReleaseAsync(HttpContext http, ProgressUpdate update, SemaphoreSlim oneAtATime)
    {
        try
        {
            await http.Response.Body.WriteAsync(JsonEnvelope.Progress(update), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // Whoever asked has left; the work itself sees the same token.
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    private async Task HandOverAsync(HttpContext http)
    {
        await _target.HandOverAsync(http.RequestAborted);
        await SendAsync(http, JsonEnvelope.Result(_target.GetStatus(), JsonOutput.Default.MountStatus));
    }

    private async Task SendMetricsAsync(HttpContext http)
    {
        http.Response.ContentType = "text/plain; version=0.0.4";
        await http.Response.WriteAsync(MetricsText.Write(_target.GetStatus()), http.RequestAborted);
    }

    private static async Task SendAsync(HttpContext http, ReadOnlyMemory<byte> line)
    {
        if (!http.Response.HasStarted)
        {
            http.Response.ContentType = "application/json";
        }

        await http.Response.Body.WriteAsync(line);
        await http.Response.Body.FlushAsync();
    }

    private static Task FailAsync(HttpContext http, CommandException failure)
    {
        if (!http.Response.HasStarted)
        {
            http.Response.StatusCode = failure.Code == ExitCode.NotFound ? StatusCodes.Status404NotFound : HttpStatusRefused;
        }

        return SendAsync(http, JsonEnvelope.Failure(failure));
    }

    // The daemon decides when it ends; the usual lifetime of a web application would catch its signals.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    [LoggerMessage(EventId = 712, Message = "control: {Request} by user {User}, process {Process}")]
    private static partial void LogRequest(ILogger logger, LogLevel level, string request, uint user, int process);

    [LoggerMessage(730, LogLevel.Warning, "control: refused user {User}, process {Process}")]
    private static partial void LogRefused(ILogger logger, uint user, int process);
}
