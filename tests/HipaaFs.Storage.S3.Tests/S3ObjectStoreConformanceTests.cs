using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

public sealed class S3ObjectStoreConformanceTests : ObjectStoreConformance
{
    private readonly CephCluster _cluster;
    private CephBucket? _bucket;
    private CephBucket? _lockable;

    public S3ObjectStoreConformanceTests(CephCluster cluster) => _cluster = cluster;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _bucket?.Dispose();
        _lockable?.Dispose();
    }

    protected override bool HasLocks => false; // This bucket; the next one has.

    protected override async Task EndRetentionAsync(IObjectStore store, ObjectKey key) =>
        Assert.Equal(StoreError.Unsupported, (await store.SetRetentionAsync(key, retention: null, default)).Error); // Ceph 16 cannot; S3 can.

    protected override async ValueTask<IObjectStore> OpenLockableAsync()
    {
        _lockable = await CephBucket.CreateAsync(_cluster, static request => request.ObjectLockEnabledForBucket = true);
        return _lockable.Open(how: new S3StoreOptions { LongestSinglePut = 5 << 20, PartLength = 5 << 20 });
    }

    protected override async ValueTask<IObjectStore> OpenAsync()
    {
        _bucket ??= await CephBucket.CreateAsync(_cluster);
        return _bucket.Open();
    }
}
