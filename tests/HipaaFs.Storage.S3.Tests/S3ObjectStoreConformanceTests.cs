using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Storage.S3.Tests;

public sealed class S3ObjectStoreConformanceTests : ObjectStoreConformance
{
    private readonly CephCluster _cluster;
    private CephBucket? _bucket;

    public S3ObjectStoreConformanceTests(CephCluster cluster) => _cluster = cluster;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _bucket?.Dispose();
    }

    protected override async ValueTask<IObjectStore> OpenAsync()
    {
        _bucket ??= await CephBucket.CreateAsync(_cluster);
        return _bucket.Open();
    }
}
