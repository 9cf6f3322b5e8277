using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Storage.S3.Tests;

public sealed class S3FaultedConformanceTests : FaultedStoreConformance
{
    private static readonly S3StoreOptions InParts = new() { LongestSinglePut = 5 << 20, PartLength = 5 << 20 };

    private readonly CephCluster _cluster;
    private CephBucket? _bucket;

    public S3FaultedConformanceTests(CephCluster cluster) => _cluster = cluster;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _bucket?.Dispose();
    }

    protected override async ValueTask<Uri> StartServerAsync()
    {
        _bucket = await CephBucket.CreateAsync(_cluster);
        return _bucket.Server;
    }

    protected override IObjectStore OpenAdapter(Uri endpoint) =>
        S3ObjectStore.Open(_bucket!.UrlBy(endpoint), InParts, TimeProvider.System, NullLogger.Instance);
}
