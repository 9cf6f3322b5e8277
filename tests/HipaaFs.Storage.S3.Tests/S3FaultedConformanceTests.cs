using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

public sealed class S3FaultedConformanceTests : FaultedStoreConformance
{
    private static readonly S3StoreOptions InParts = new() { LongestSinglePut = 5 << 20, PartLength = 5 << 20 };

    private readonly CephCluster _cluster;
    private CephBucket? _bucket;
    private CephBucket? _lockable;

    public S3FaultedConformanceTests(CephCluster cluster) => _cluster = cluster;

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
        return await OpenAsync(endpoint => S3ObjectStore.Open(_lockable.UrlBy(endpoint), InParts, TimeProvider.System, NullLogger.Instance));
    }

    protected override async ValueTask<Uri> StartServerAsync()
    {
        _bucket = await CephBucket.CreateAsync(_cluster);
        return _bucket.Server;
    }

    protected override IObjectStore OpenAdapter(Uri endpoint) =>
        S3ObjectStore.Open(_bucket!.UrlBy(endpoint), InParts, TimeProvider.System, NullLogger.Instance);
}
