using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace HipaaFs.Testing.Servers.Faults;

/// <summary>One client's connection to a <see cref="FaultProxy"/>, and the one to the server that goes with it.</summary>
internal sealed class ProxyConnection(FaultProxy proxy, Socket clientSocket) : IDisposable
{
    private readonly NetworkStream _client = new(clientSocket, ownsSocket: true);
    private HttpMessageReader? _fromClient;
    private NetworkStream? _server;
    private HttpMessageReader? _fromServer;
    private bool _isReset;

    /// <summary>Serves requests until either side leaves.</summary>
    internal async Task ServeAsync(CancellationToken cancel)
    {
        clientSocket.NoDelay = true;
        _fromClient = new HttpMessageReader(_client);
        try
        {
            while (await ServeOneAsync(cancel))
            {
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Reset(); // Either side left, or the test is over: the other side is to see a broken connection, not an end in good order.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _server?.Dispose();
    }

    // False when the connection is at its end.
    private async Task<bool> ServeOneAsync(CancellationToken cancel)
    {
        byte[]? head = await _fromClient!.ReadHeadAsync(cancel);
        if (head is null)
        {
            return false;
        }

        string text = Encoding.Latin1.GetString(head);
        string[] line = text[..text.IndexOf("\r\n", StringComparison.Ordinal)].Split(' ');
        (ProxyRequest request, ProxyFault? fault) = proxy.Arrive(line[0], line[1], text);
        if (fault?.Kind is ProxyFaultKind.Answer or ProxyFaultKind.Throttle)
        {
            return await AnswerAsync(request, fault, cancel);
        }

        if (fault?.Kind == ProxyFaultKind.Delay && !await HoldAsync(cancel))
        {
            return false;
        }

        await ConnectAsync(cancel);
        var toServer = new FaultyWriter(
            _server!,
            stopAt: fault is { Kind: ProxyFaultKind.ResetRequest or ProxyFaultKind.StallRequest } ? fault.At : long.MaxValue,
            flipAt: fault?.Kind == ProxyFaultKind.FlipRequest ? fault.At : -1);
        Task sending = SendAsync(head, text, toServer, cancel);
        Task<bool> answering = AnswerFromServerAsync(request, fault, cancel);
        await Task.WhenAny(sending, answering);
        if (toServer.HasStopped)
        {
            if (fault!.Kind == ProxyFaultKind.StallRequest)
            {
                await HoldAsync(cancel);
            }

            Reset(); // A request of which a part is missing can only be begun anew.
            await ObserveAsync(answering);
            return false;
        }

        if (await answering)
        {
            await sending;
            return true;
        }

        await _client.DisposeAsync();
        await ObserveAsync(sending);
        return false;
    }

    private async Task SendAsync(byte[] head, string text, FaultyWriter toServer, CancellationToken cancel)
    {
        if (await toServer.WriteAsync(head, false, cancel))
        {
            await _fromClient!.CopyBodyAsync(text, untilEnd: false, (bytes, isContent) => toServer.WriteAsync(bytes, isContent, cancel), cancel);
        }
    }

    private async Task<bool> AnswerFromServerAsync(ProxyRequest request, ProxyFault? fault, CancellationToken cancel)
    {
        var toClient = new FaultyWriter(
            _client,
            stopAt: fault is { Kind: ProxyFaultKind.ResetAnswer or ProxyFaultKind.StallAnswer or ProxyFaultKind.TruncateAnswerHead } ? fault.At : long.MaxValue,
            stopInBodyAt: fault?.Kind == ProxyFaultKind.TruncateAnswer ? fault.At : long.MaxValue,
            flipAt: fault?.Kind == ProxyFaultKind.FlipAnswer ? fault.At : -1);
        string head;
        do
        {
            byte[] bytes = await _fromServer!.ReadHeadAsync(cancel) ?? throw new IOException("the server left");
            head = Encoding.Latin1.GetString(bytes);
            if (fault?.Kind == ProxyFaultKind.TruncateAnswer && fault.At == 0)
            {
                await _client.WriteAsync(bytes, cancel);
                return await EndAnswerAsync(fault, cancel);
            }

            if (!await toClient.WriteAsync(bytes, false, cancel))
            {
                return await EndAnswerAsync(fault!, cancel);
            }
        }
        while (head.StartsWith("HTTP/1.1 1", StringComparison.Ordinal)); // 100 (Continue) comes before the answer.

        bool hasBody = request.Verb != "HEAD" && !head.StartsWith("HTTP/1.1 204", StringComparison.Ordinal) && !head.StartsWith("HTTP/1.1 304", StringComparison.Ordinal);
        bool isFramed = HttpMessageReader.HeaderOf(head, "Content-Length") is not null || HttpMessageReader.HeaderOf(head, "Transfer-Encoding") is not null;
        if (hasBody && !await _fromServer.CopyBodyAsync(head, untilEnd: true, (bytes, isContent) => toClient.WriteAsync(bytes, isContent, cancel), cancel))
        {
            return toClient.HasStopped ? await EndAnswerAsync(fault!, cancel) : throw new IOException("the server left in the middle");
        }

        bool stays = !string.Equals(HttpMessageReader.HeaderOf(head, "Connection"), "close", StringComparison.OrdinalIgnoreCase);
        return stays && (isFramed || !hasBody);
    }

    // What becomes of a connection on which an answer stopped at the byte where it was to stop.
    private async Task<bool> EndAnswerAsync(ProxyFault fault, CancellationToken cancel)
    {
        if (fault.Kind == ProxyFaultKind.StallAnswer)
        {
            await HoldAsync(cancel);
        }

        if (fault.Kind is ProxyFaultKind.TruncateAnswer or ProxyFaultKind.TruncateAnswerHead)
        {
            clientSocket.Shutdown(SocketShutdown.Both);
        }
        else
        {
            Reset();
        }

        return false;
    }

    // Whether the client is still there when it is let go of.
    private async Task<bool> HoldAsync(CancellationToken cancel)
    {
        Task released = proxy.Hold();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<bool> leaving = _fromClient!.WaitForEndAsync(over.Token);
        if (await Task.WhenAny(released, leaving) == leaving && await leaving)
        {
            return false;
        }

        await released.WaitAsync(cancel);
        await over.CancelAsync(); // The reader keeps what it has.
        await ObserveAsync(leaving);
        return true;
    }

    // S3 says what is wrong in a document, Azure in a header besides.
    private async Task<bool> AnswerAsync(ProxyRequest request, ProxyFault fault, CancellationToken cancel)
    {
        bool waits = HttpMessageReader.HeaderOf(request.Head, "Expect") is not null; // The body comes only when it is asked for.
        if (!waits && !await _fromClient!.CopyBodyAsync(request.Head, untilEnd: false, static (_, _) => Task.FromResult(true), cancel))
        {
            return false;
        }

        string detail = fault.AuthenticationDetail is { } said ? $"<AuthenticationErrorDetail>{said}</AuthenticationErrorDetail>" : string.Empty;
        string body = $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{fault.Code}</Code><Message>injected</Message>{detail}</Error>";
        string date = (TimeProvider.System.GetUtcNow() + fault.ClockSkew).ToString("R", CultureInfo.InvariantCulture);
        var answer = new StringBuilder();
        answer.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {fault.Status} Injected\r\nDate: {date}\r\nContent-Type: application/xml\r\n");
        answer.Append(CultureInfo.InvariantCulture, $"x-ms-error-code: {fault.Code}\r\nContent-Length: {body.Length}\r\n");
        if (fault.RetryAfter is { } seconds)
        {
            answer.Append(CultureInfo.InvariantCulture, $"Retry-After: {seconds}\r\n");
        }

        answer.Append(waits ? "Connection: close\r\n\r\n" : "\r\n").Append(request.Verb == "HEAD" ? string.Empty : body);
        await _client.WriteAsync(Encoding.ASCII.GetBytes(answer.ToString()), cancel);
        return !waits;
    }

    // Anew for each request: a server may drop a connection that is idle, and the client is to see only faults that were planned.
    private async Task ConnectAsync(CancellationToken cancel)
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(proxy.Server.Host, proxy.Server.Port, cancel);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }

        _server = new NetworkStream(socket, ownsSocket: true);
        _fromServer = new HttpMessageReader(_server);
    }

    private void Reset()
    {
        if (!_isReset)
        {
            _isReset = true;
            clientSocket.LingerState = new LingerOption(true, 0);
            _client.Close();
            _server?.Close();
        }
    }

    // What ended because the connections were closed on purpose.
    private static async Task ObserveAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            return;
        }
    }
}
