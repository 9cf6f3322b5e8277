using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace HipaaFs.Storage.S3;

/// <summary>The way to one bucket: one HTTP client, the SDK's client on top of it for control calls, and signed addresses for what carries data.</summary>
/// <remarks>The SDK's own data streams cost several times the processor time of a plain request, so it signs and the bytes go past it. Thread-safe.</remarks>
internal sealed class S3Connection : IDisposable
{
    // Long enough for a slow start and clocks that differ, too short to be of use to who reads a proxy's log.
    internal static readonly TimeSpan SignatureLifetime = TimeSpan.FromMinutes(15);

    private readonly StoreUrl _url;
    private readonly S3Credentials _credentials;
    private readonly TimeProvider _time;
    private readonly Protocol _protocol;

    // The SDK believes the date of a refusal and signs by it from then on, in the whole process: one wrong answer, and all that follow are refused. A clock that
    // is wrong is to be set, not to be hidden.
    static S3Connection() => AWSConfigs.CorrectForClockSkew = false;

    internal S3Connection(StoreUrl url, S3StoreOptions options, S3Credentials credentials, TimeProvider time)
    {
        _url = url;
        _credentials = credentials;
        _time = time;
        _protocol = url.Endpoint?.Scheme == Uri.UriSchemeHttp ? Protocol.HTTP : Protocol.HTTPS;
        Http = new HttpClient(new SingleTryHandler(Handler(url, options))) { Timeout = Timeout.InfiniteTimeSpan };
        Control = new AmazonS3Client(_credentials, Config(url, Http));
    }

    /// <summary>Carries data over signed addresses.</summary>
    internal HttpClient Http { get; }

    /// <summary>Makes control calls.</summary>
    internal AmazonS3Client Control { get; }

    /// <summary>The bucket.</summary>
    internal string Bucket => _url.Bucket;

    /// <summary>Who pays for requests; null for the bucket's owner.</summary>
    internal RequestPayer? Payer => _url.RequesterPays ? RequestPayer.Requester : null;

    /// <summary>The time of this machine, by which signed addresses run out.</summary>
    internal DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Looks the credentials up again after a refusal. Whether they are others now.</summary>
    internal bool ReloadCredentials() => _credentials.Reload();

    /// <summary>A signed address.</summary>
    /// <param name="verb">What it allows.</param>
    /// <param name="name">The object's full name in the bucket.</param>
    /// <param name="headers">Headers of the request that are signed too: S3 refuses x-amz- headers and Content-MD5 that are not. Null for none.</param>
    /// <param name="part">The part of an upload; null for the object itself.</param>
    internal async ValueTask<string> SignAsync(HttpVerb verb, string name, IReadOnlyList<KeyValuePair<string, string>>? headers, S3Part? part)
    {
        var request = new GetPreSignedUrlRequest
        {
            BucketName = Bucket,
            Key = name,
            Verb = verb,
            Protocol = _protocol,
            Expires = (_time.GetUtcNow() + SignatureLifetime).UtcDateTime,
            UploadId = part?.UploadId,
            PartNumber = part?.Number,
        };
        if (Payer is { } payer)
        {
            request.Parameters["x-amz-request-payer"] = payer.Value;
        }

        foreach ((string header, string value) in headers ?? [])
        {
            request.Headers[header] = value;
        }

        return await Control.GetPreSignedURLAsync(request);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Control.Dispose();
        Http.Dispose();
    }

    private static SocketsHttpHandler Handler(StoreUrl url, S3StoreOptions options)
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
            AllowAutoRedirect = false, // A redirect means another region: signed for this one it fails there anyway.
            ConnectTimeout = options.ConnectTimeout,
            MaxConnectionsPerServer = options.MaxConnections,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // Names are looked up again.
            SslOptions = tls,
            UseCookies = false,
        };
    }

    private static AmazonS3Config Config(StoreUrl url, HttpClient http)
    {
        var config = new AmazonS3Config
        {
            HttpClientFactory = new S3ClientFactory(http),
            MaxErrorRetry = 0, // RetryingObjectStore alone repeats.
            MaxStaleConnectionRetries = 0, // Ten more for every connection that breaks, whatever the line above says.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED, // Compatible servers refuse the trailing checksums.
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (url.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.ToString();
            config.ForcePathStyle = true;
            config.AuthenticationRegion = url.Region ?? Environment.GetEnvironmentVariable("AWS_REGION") ?? "us-east-1";
        }
        else if (url.Region is { } region)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        return config;
    }
}
