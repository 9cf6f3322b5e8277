using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;
using HipaaFs.Testing.Servers.Faults;

namespace HipaaFs.Testing.Servers.Archives;

/// <summary>One client's connection to an <see cref="ArchiveProxy"/>.</summary>
internal sealed class ArchiveConnection(ArchiveProxy proxy, Socket clientSocket) : IDisposable
{
    private readonly NetworkStream _client = new(clientSocket, ownsSocket: true);
    private HttpMessageReader? _fromClient;

    /// <summary>Serves requests until either side leaves.</summary>
    internal async Task ServeAsync(CancellationToken cancel)
    {
        clientSocket.NoDelay = true;
        _fromClient = new HttpMessageReader(_client);
        try
        {
            while (await _fromClient.ReadHeadAsync(cancel) is { } head && await ServeOneAsync(head, cancel))
            {
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            _client.Close(); // Either side left, or the test is over: the other is to see that.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    // False when the connection is at its end.
    private async Task<bool> ServeOneAsync(byte[] head, CancellationToken cancel)
    {
        var request = new ArchiveRequest(Encoding.Latin1.GetString(head));
        if (request.IsRestore)
        {
            byte[] body = await ReadBodyAsync(request, cancel);
            return await AnswerAsync(await proxy.RestoreAsync(request.Bucket, request.Name, body, cancel), cancel);
        }

        if (request.Source is { } source && await proxy.IsOutOfReachAsync(source.Bucket, source.Name, cancel))
        {
            await ReadBodyAsync(request, cancel);
            return await AnswerAsync(ArchiveAnswer.NotReadable, cancel);
        }

        ArchiveRestore? restore = request.IsLook ? await proxy.RestoreOfAsync(request.Bucket, request.Name, cancel) : null;
        return await PassAsync(head, request, restore, cancel);
    }

    private async Task<byte[]> ReadBodyAsync(ArchiveRequest request, CancellationToken cancel)
    {
        if (HttpMessageReader.HeaderOf(request.Head, "Expect") is not null)
        {
            await _client.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancel);
        }

        return await ContentAsync(_fromClient!, request.Head, untilEnd: false, cancel);
    }

    private async Task<bool> AnswerAsync(ArchiveAnswer answer, CancellationToken cancel)
    {
        string body = answer.Code is null
            ? string.Empty
            : $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{answer.Code}</Code><Message>{answer.Message}</Message></Error>";
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {answer.Status} Archive\r\nDate: {TimeProvider.System.GetUtcNow():R}\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\n\r\n");
        await _client.WriteAsync(Encoding.ASCII.GetBytes(head + body), cancel);
        return true;
    }

    // Over a connection of its own: a server may drop one that is idle.
    private async Task<bool> PassAsync(byte[] head, ArchiveRequest request, ArchiveRestore? restore, CancellationToken cancel)
    {
        using var server = new TcpClient { NoDelay = true };
        await server.ConnectAsync(proxy.Server.Host, proxy.Server.Port, cancel);
        await using NetworkStream toServer = server.GetStream();
        Task sending = SendAsync(head, request, toServer, cancel);
        bool stays = await AnswerFromServerAsync(new HttpMessageReader(toServer), request, restore, cancel);
        if (stays)
        {
            await sending;
            return true;
        }

        await _client.DisposeAsync();
        await sending.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return false;
    }

    private async Task SendAsync(byte[] head, ArchiveRequest request, NetworkStream toServer, CancellationToken cancel)
    {
        await toServer.WriteAsync(head, cancel);
        await _fromClient!.CopyBodyAsync(request.Head, untilEnd: false, (bytes, _) => WriteAsync(toServer, bytes, cancel), cancel);
    }

    private async Task<bool> AnswerFromServerAsync(HttpMessageReader fromServer, ArchiveRequest request, ArchiveRestore? restore, CancellationToken cancel)
    {
        string head = await ReadAnswerAsync(fromServer, cancel);
        while (head.StartsWith("HTTP/1.1 1", StringComparison.Ordinal))
        {
            await _client.WriteAsync(Encoding.Latin1.GetBytes(head), cancel); // 100 (Continue) comes before the answer.
            head = await ReadAnswerAsync(fromServer, cancel);
        }

        bool succeeded = head.StartsWith("HTTP/1.1 2", StringComparison.Ordinal);
        if (succeeded && request.IsListingOfRestores)
        {
            byte[] listing = await WithRestoresAsync(await ContentAsync(fromServer, head, untilEnd: true, cancel), request.Bucket, cancel);
            await _client.WriteAsync(Encoding.Latin1.GetBytes(WithLength(head, listing.Length)), cancel);
            await _client.WriteAsync(listing, cancel);
            return true;
        }

        if (succeeded && request.IsReplacement)
        {
            proxy.Forget(request.Bucket, request.Name);
        }

        string shown = succeeded && restore is not null ? $"{head[..^2]}{restore.Header}\r\n\r\n" : head;
        await _client.WriteAsync(Encoding.Latin1.GetBytes(shown), cancel);
        bool hasBody = request.Verb != "HEAD" && !head.StartsWith("HTTP/1.1 204", StringComparison.Ordinal) && !head.StartsWith("HTTP/1.1 304", StringComparison.Ordinal);
        if (hasBody && !await fromServer.CopyBodyAsync(head, untilEnd: true, (bytes, _) => WriteAsync(_client, bytes, cancel), cancel))
        {
            throw new IOException("the server left in the middle");
        }

        bool isFramed = HttpMessageReader.HeaderOf(head, "Content-Length") is not null || HttpMessageReader.HeaderOf(head, "Transfer-Encoding") is not null;
        bool closes = string.Equals(HttpMessageReader.HeaderOf(head, "Connection"), "close", StringComparison.OrdinalIgnoreCase);
        return !closes && (isFramed || !hasBody);
    }

    private async Task<byte[]> WithRestoresAsync(byte[] listing, string bucket, CancellationToken cancel)
    {
        using var stream = new MemoryStream(listing);
        XDocument document = XDocument.Load(stream);
        XNamespace s3 = document.Root!.Name.Namespace;
        foreach (XElement found in document.Root.Elements(s3 + "Contents").ToArray())
        {
            if (await proxy.RestoreOfAsync(bucket, found.Element(s3 + "Key")!.Value, cancel) is { } restore)
            {
                found.Add(new XElement(
                    s3 + "RestoreStatus",
                    new XElement(s3 + "IsRestoreInProgress", restore.Until is null),
                    restore.Until is { } until ? new XElement(s3 + "RestoreExpiryDate", until.UtcDateTime) : null));
            }
        }

        return Encoding.UTF8.GetBytes(document.ToString(SaveOptions.DisableFormatting));
    }

    private static string WithLength(string head, int length)
    {
        IEnumerable<string> kept = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Where(static line =>
            !line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase) && !line.StartsWith("Transfer-Encoding:", StringComparison.OrdinalIgnoreCase));
        return string.Create(CultureInfo.InvariantCulture, $"{string.Join("\r\n", kept)}\r\nContent-Length: {length}\r\n\r\n");
    }

    private static async Task<string> ReadAnswerAsync(HttpMessageReader fromServer, CancellationToken cancel) =>
        Encoding.Latin1.GetString(await fromServer.ReadHeadAsync(cancel) ?? throw new IOException("the server left"));

    private static async Task<byte[]> ContentAsync(HttpMessageReader reader, string head, bool untilEnd, CancellationToken cancel)
    {
        using var content = new MemoryStream();
        bool isWhole = await reader.CopyBodyAsync(head, untilEnd, Take, cancel);
        return isWhole ? content.ToArray() : throw new IOException("the other side left in the middle");

        Task<bool> Take(ReadOnlyMemory<byte> bytes, bool isContent)
        {
            if (isContent)
            {
                content.Write(bytes.Span);
            }

            return Task.FromResult(true);
        }
    }

    private static async Task<bool> WriteAsync(NetworkStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        await stream.WriteAsync(bytes, cancel);
        return true;
    }
}
