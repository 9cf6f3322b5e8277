using Amazon.S3;
using Amazon.S3.Model;
using HipaaFs.Testing.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

/// <summary>A bucket of a test's own on the real server.</summary>
internal sealed class CephBucket : IDisposable
{
    private readonly CephCluster _cluster;

    private CephBucket(CephCluster cluster, AmazonS3Client client)
    {
        _cluster = cluster;
        Client = client;
    }

    /// <summary>The server's administrator's view.</summary>
    internal AmazonS3Client Client { get; }

    internal string Name { get; } = "test-" + Guid.NewGuid().ToString("N")[..20];

    /// <summary>Makes a bucket, or skips the test by name where there is no server.</summary>
    internal static async Task<CephBucket> CreateAsync(CephCluster cluster, Action<PutBucketRequest>? configure = null)
    {
        Assert.SkipWhen(CephCluster.Missing is not null, CephCluster.Missing ?? string.Empty);
        await cluster.StartAsync();
        var bucket = new CephBucket(cluster, cluster.Connect());
        var request = new PutBucketRequest { BucketName = bucket.Name };
        configure?.Invoke(request);
        await bucket.Client.PutBucketAsync(request);
        return bucket;
    }

    /// <summary>The store's URL.</summary>
    internal StoreUrl Url(string prefix = "volume", string options = "") =>
        StoreUrl.Parse(_cluster.StoreUrl(Name, prefix) + options);

    /// <summary>The server.</summary>
    internal Uri Server => _cluster.Http;

    /// <summary>The store's URL by way of another address, such as a proxy's.</summary>
    internal StoreUrl UrlBy(Uri endpoint, string options = "") =>
        StoreUrl.Parse($"s3://{Name}/volume?endpoint={Uri.EscapeDataString(endpoint.ToString())}&region=us-east-1{options}");

    internal S3ObjectStore Open(string prefix = "volume", string options = "", S3StoreOptions? how = null, TimeProvider? time = null) =>
        S3ObjectStore.Open(Url(prefix, options), how ?? new S3StoreOptions(), time ?? TimeProvider.System, NullLogger.Instance);

    public void Dispose() => Client.Dispose();
}
