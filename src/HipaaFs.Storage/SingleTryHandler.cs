namespace HipaaFs.Storage;

/// <summary>Keeps the HTTP client from repeating requests by itself.</summary>
/// <remarks>
/// <see cref="SocketsHttpHandler"/> sends a request up to three times more when its connection breaks before an answer begins, unless it has begun to send a body.
/// Below an adapter that tries once that makes four requests of each, just when a server is overrun. An empty body is one that has begun.
/// </remarks>
internal sealed class SingleTryHandler : DelegatingHandler
{
    internal SingleTryHandler(SocketsHttpHandler inner)
        : base(inner)
    {
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Content ??= new ByteArrayContent([]);
        return base.SendAsync(request, cancellationToken);
    }
}
