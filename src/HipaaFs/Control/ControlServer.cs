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
/// <c>GET /v1/status</c>; <c>POST /v1/sync</c>; <c>POST /v1/gc</c>; <c>POST /v1/gc/unknown[?delete=true]</c>; <c>POST /v1/scrub</c>; <c>POST /v1/umount[?now=true]</c>, whose answer is progress lines and then one result;
/// <c>POST /v1/handover</c>; <c>GET</c>, <c>POST</c>, <c>DELETE /v1/snapshots[?name=]</c>; <c>GET /v1/snapshots/diff?from=[&amp;to=]</c>;
/// <c>GET /v1/stores</c>; <c>GET /v1/quotas</c>; <c>DELETE /v1/stores?name=</c>; <c>POST /v1/residency</c>, <c>/v1/cost</c>; <c>POST /v1/transitions?asof=[&amp;count=true]</c>; <c>POST /v1/stores/verify?name=[&amp;bandwidth=]</c>, <c>/v1/stores/repair?name=[&amp;wait=true]</c>, <c>/v1/stores/empty?name=[&amp;target=][&amp;wait=true]</c>, <c>/v1/stores/ship?from=&amp;to=&amp;step=out|in|received[&amp;directory=][&amp;count=true][&amp;anew=true]</c>; <c>POST /v1/policy/plan</c>, <c>/v1/policy/apply</c> with the text of a policy;
/// <c>GET /metrics</c> in Prometheus text. The socket has mode 0600 in a directory of mode 0700, and who
/// connects must be root or the user of the daemon: the kernel says who it is.
/// </remarks>
internal sealed partial class ControlServer : IAsyncDisposable
{
    private const int HttpStatusRefused = StatusCodes.Status409Conflict;

    private static readonly object PeerItem = new();

    private readonly IControlTarget _target;
    private readonly ILogger _logger;
    private readonly uint _user = LibC.geteuid();
    private readonly WebApplication _application;
    private readonly string _socketPath;
    private readonly string _boundPath;

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

    private Task AnswerAsync(HttpContext http) => (http.Request.Method, http.Request.Path.Value) switch
    {
        ("GET", "/v1/status") => SendAsync(http, JsonEnvelope.Result(_target.GetStatus(), JsonOutput.Default.MountStatus)),
        ("GET", "/metrics") => SendMetricsAsync(http),
        ("POST", "/v1/sync") => SyncAsync(http),
        ("POST", "/v1/gc") => CollectGarbageAsync(http),
        ("POST", "/v1/gc/unknown") => SweepUnknownAsync(http),
        ("POST", "/v1/scrub") => ScrubAsync(http),
        ("POST", "/v1/umount") => UmountAsync(http),
        ("POST", "/v1/handover") => HandOverAsync(http),
        ("GET", "/v1/snapshots") => ListSnapshotsAsync(http),
        ("POST", "/v1/snapshots") => CreateSnapshotAsync(http),
        ("DELETE", "/v1/snapshots") => DeleteSnapshotAsync(http),
        ("GET", "/v1/snapshots/diff") => CompareSnapshotsAsync(http),
        ("GET", "/v1/trash") => ListTrashAsync(http),
        ("GET", "/v1/cache") => DescribeCacheAsync(http),
        ("POST", "/v1/cache/warm") => UseCacheAsync(http, CacheUse.Warm),
        ("POST", "/v1/cache/pin") => UseCacheAsync(http, CacheUse.Pin),
        ("POST", "/v1/cache/unpin") => UseCacheAsync(http, CacheUse.Unpin),
        ("GET", "/v1/stores") => ListStoresAsync(http),
        ("GET", "/v1/quotas") => ListQuotasAsync(http),
        ("POST", "/v1/recall") => RecallAsync(http),
        ("POST", "/v1/residency") => ReportResidencyAsync(http),
        ("POST", "/v1/cost") => ReportCostAsync(http),
        ("POST", "/v1/transitions") => TransitionAsync(http),
        ("POST", "/v1/stores/verify") => VerifyStoreAsync(http, repairs: false),
        ("POST", "/v1/stores/repair") => VerifyStoreAsync(http, repairs: true),
        ("DELETE", "/v1/stores") => RemoveStoreAsync(http),
        ("POST", "/v1/stores/empty") => EmptyStoreAsync(http),
        ("POST", "/v1/stores/forget") => ForgetStoreAsync(http),
        ("POST", "/v1/stores/ship") => ShipAsync(http),
        ("POST", "/v1/policy/plan") => UsePolicyAsync(http, applies: false),
        ("POST", "/v1/policy/apply") => UsePolicyAsync(http, applies: true),
        _ => throw new CommandException(
            ExitCode.NotFound,
            $"answer {http.Request.Method} {http.Request.Path}: there is no such request",
            "Use /v1/status, /v1/sync, /v1/gc, /v1/gc/unknown, /v1/scrub, /v1/umount, /v1/handover, /v1/snapshots, /v1/snapshots/diff, /v1/trash, /v1/cache, /v1/cache/warm, /v1/cache/pin, /v1/cache/unpin, /v1/stores, /v1/residency, /v1/cost, /v1/transitions, /v1/stores/verify, /v1/stores/repair, /v1/stores/empty, /v1/stores/forget, /v1/stores/ship, /v1/quotas, /v1/recall, /v1/policy/plan, /v1/policy/apply or /metrics."),
    };

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
