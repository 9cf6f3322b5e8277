using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;

namespace HipaaFs.Storage.Azure;

/// <summary>The way to one container.</summary>
/// <remarks>
/// Credentials are the first of: <c>AZURE_STORAGE_CONNECTION_STRING</c>, <c>AZURE_STORAGE_KEY</c> (the account's key), <c>AZURE_STORAGE_SAS_TOKEN</c>, and what
/// Azure.Identity's default chain finds (environment, workload identity, managed identity, developer tools). The three variables with the account's name in capitals at
/// their end, as <c>AZURE_STORAGE_KEY_MYACCOUNT</c>, come before all of those: a volume has stores in several accounts.
/// </remarks>
internal sealed class AzureConnection : IDisposable
{
    private readonly HttpClient _http;

    /// <exception cref="FormatException">A credential in the environment is not what its name says.</exception>
    internal AzureConnection(StoreUrl url, AzureStoreOptions options)
    {
        _http = new HttpClient(new SingleTryHandler(Handler(url, options))) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            Container = Open(url, options);
        }
        catch
        {
            _http.Dispose();
            throw;
        }
    }

    /// <summary>The container.</summary>
    internal BlobContainerClient Container { get; }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler Handler(StoreUrl url, AzureStoreOptions options)
    {
        var tls = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (url.CaFile is { } file)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(file);
            if (tls.CertificateChainPolicy.CustomTrustStore.Count == 0)
            {
                throw new CryptographicException("there is no certificate in it");
            }
        }

        return new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = options.ConnectTimeout,
            MaxConnectionsPerServer = options.MaxConnections,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // Names are looked up again.
            SslOptions = tls,
            UseCookies = false,
        };
    }

    // With an endpoint of one's own the account is the first part of the path, as emulators and appliances have it: connection strings name it there, URLs of stores need not.
    private static Uri Address(StoreUrl url)
    {
        if (url.Endpoint is not { } endpoint)
        {
            return new Uri($"https://{url.Account}.blob.core.windows.net/{url.Bucket}");
        }

        bool isInHost = endpoint.Host.StartsWith(url.Account + ".", StringComparison.OrdinalIgnoreCase); // Other clouds and private endpoints.
        string server = endpoint.ToString().TrimEnd('/');
        bool isInPath = endpoint.AbsolutePath.TrimEnd('/') == "/" + url.Account;
        return new Uri($"{server}/{(isInHost || isInPath ? string.Empty : url.Account + "/")}{url.Bucket}");
    }

    private BlobContainerClient Open(StoreUrl url, AzureStoreOptions options)
    {
        var how = new BlobClientOptions(options.Version) { Transport = new HttpClientTransport(_http) };
        how.Retry.MaxRetries = 0; // RetryingObjectStore alone repeats.
        how.Retry.NetworkTimeout = Timeout.InfiniteTimeSpan;
        how.AddPolicy(new AzureAnswers(), HttpPipelinePosition.PerRetry);
        how.Diagnostics.IsLoggingEnabled = false; // Names of objects are nobody's business in logs.
        Uri address = Address(url);
        return TryOpen(url, address, how, "_" + url.Account.ToUpperInvariant())
            ?? TryOpen(url, address, how, string.Empty)
            ?? new BlobContainerClient(address, new DefaultAzureCredential(), how);
    }

    // Null when no variable that ends so is set.
    private static BlobContainerClient? TryOpen(StoreUrl url, Uri address, BlobClientOptions how, string ending)
    {
        if (Variable("AZURE_STORAGE_CONNECTION_STRING" + ending) is { } connection)
        {
            var client = new BlobContainerClient(connection, url.Bucket, how);
            return client.Uri == address
                ? client
                : throw new FormatException("the connection string is of another account or server than the URL");
        }

        if (Variable("AZURE_STORAGE_KEY" + ending) is { } key)
        {
            return new BlobContainerClient(address, new StorageSharedKeyCredential(url.Account, key), how);
        }

        return Variable("AZURE_STORAGE_SAS_TOKEN" + ending) is { } signature
            ? new BlobContainerClient(address, new AzureSasCredential(signature), how)
            : null;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
