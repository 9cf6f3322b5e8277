using Amazon.Runtime;

namespace HipaaFs.Storage.S3;

/// <summary>Gives the SDK the one HTTP client of the store, so that trust, protocol version and connections are the same for all requests.</summary>
internal sealed class S3ClientFactory : HttpClientFactory
{
    private readonly HttpClient _client;

    internal S3ClientFactory(HttpClient client) => _client = client;

    /// <inheritdoc/>
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

    /// <inheritdoc/>
    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
}
