using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace HipaaFs.Testing.Servers.Tls;

/// <summary>A server that speaks one version of TLS only and has nothing: each request is answered so, in the store's own word, and the connection closed.</summary>
public sealed class TlsServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentQueue<SslProtocols> _spoken = new();
    private readonly LoopbackCertificate _certificate;
    private readonly SslProtocols _version;
    private readonly string _code;
    private readonly Task _serving;

    private TlsServer(LoopbackCertificate certificate, SslProtocols version, string code)
    {
        _certificate = certificate;
        _version = version;
        _code = code;
        _listener.Start();
        Endpoint = new Uri($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _serving = ServeAsync();
    }

    /// <summary>Where clients find it.</summary>
    public Uri Endpoint { get; }

    /// <summary>The version of each connection on which a request came.</summary>
    public IReadOnlyCollection<SslProtocols> Spoken => _spoken;

    /// <summary>Begins to listen on a port of its own.</summary>
    /// <param name="certificate">Its certificate.</param>
    /// <param name="version">What it speaks.</param>
    /// <param name="code">The store's word for an object that is not there.</param>
    public static TlsServer Start(LoopbackCertificate certificate, SslProtocols version, string code) => new(certificate, version, code);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _serving;
        _closing.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_closing.Token);
                await AnswerAsync(client);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception exception) when (exception is IOException or AuthenticationException)
            {
                // The client has left.
            }
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        await using var stream = new SslStream(client.GetStream());
        var options = new SslServerAuthenticationOptions { ServerCertificate = _certificate.Certificate, EnabledSslProtocols = _version };
        await stream.AuthenticateAsServerAsync(options, _closing.Token);
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        while (await reader.ReadLineAsync(_closing.Token) is { Length: > 0 })
        {
        }

        _spoken.Enqueue(stream.SslProtocol);
        string document = $"<?xml version=\"1.0\"?><Error><Code>{_code}</Code></Error>";
        string answer = $"HTTP/1.1 404 Not Found\r\nContent-Type: application/xml\r\nContent-Length: {document.Length}\r\nConnection: close\r\n\r\n{document}";
        await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), _closing.Token);
        await stream.ShutdownAsync();
    }
}
