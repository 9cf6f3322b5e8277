using Amazon.S3.Model;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

/// <summary>What the conformance suite cannot see of object lock: versions, requests, and where a real server falls short.</summary>
public sealed class S3LockTests : IAsyncLifetime
{
    private const string Name = "volume/seg/ab/one";
    private const int Part = 5 << 20;

    private static readonly ObjectKey Key = new("seg/ab/one");
    private static readonly ObjectRetention ForADay = new(RetentionMode.Compliance, DateTimeOffset.UtcNow.AddDays(1));
    private static readonly ObjectProtection Locked = new() { Retention = ForADay, LegalHold = true };

    private readonly CephCluster _cluster;
    private readonly ScratchDirectory _scratch = new();
    private CephBucket? _bucket;
    private FaultProxy? _proxy;
    private S3ObjectStore? _store;

    public S3LockTests(CephCluster cluster) => _cluster = cluster;

    private CephBucket Bucket => _bucket!;

    private FaultProxy Proxy => _proxy!;

    private S3ObjectStore Store => _store!;

    public async ValueTask InitializeAsync()
    {
        _bucket = await CephBucket.CreateAsync(_cluster, static request => request.ObjectLockEnabledForBucket = true);
        _proxy = FaultProxy.Start(_bucket.Server);
        _store = S3ObjectStore.Open(
            _bucket.UrlBy(_proxy.Endpoint), new S3StoreOptions { LongestSinglePut = Part, PartLength = Part }, TimeProvider.System, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
            await Proxy.DisposeAsync();
        }

        _bucket?.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task PutFile_InOneRequest_CarriesTheLockAndTheChecksumsThatS3Wants()
    {
        Assert.True((await PutAsync(100)).Succeeded);

        string head = Assert.Single(Proxy.Requests, static request => request.Verb == "PUT").Head;
        Assert.Contains("x-amz-object-lock-mode: COMPLIANCE", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains($"x-amz-object-lock-retain-until-date: {ForADay.Until:yyyy-MM-ddTHH:mm:ssZ}", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("x-amz-object-lock-legal-hold: ON", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Content-MD5:", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("x-amz-object-lock-mode", Assert.Single(Proxy.Requests, static request => request.Verb == "PUT").Target, StringComparison.Ordinal); // Signed.
    }

    [Fact]
    public async Task PutFile_InParts_BeginsWithTheLockAndIsUnderItWhereTheServerForgets()
    {
        ObjectProperties put = (await PutAsync(Part + 1)).Value;

        string begun = Assert.Single(Proxy.Requests, static request => request.Verb == "POST" && request.Target.EndsWith("?uploads", StringComparison.Ordinal)).Head;
        Assert.Contains("x-amz-object-lock-mode: COMPLIANCE", begun, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("x-amz-object-lock-retain-until-date: ", begun, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("x-amz-object-lock-legal-hold: ON", begun, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, Proxy.Requests.Count(static request => request.Verb == "PUT" && request.Target.EndsWith("?retention", StringComparison.Ordinal))); // Ceph 16 forgets it.
        Assert.Equal(Locked, put.Protection);
        Assert.False(put.Sha256.IsEmpty);
    }

    [Fact]
    public async Task PutFile_UnderALock_DoesNotResumeAnUploadBegunWithout()
    {
        await Bucket.Client.InitiateMultipartUploadAsync(Bucket.Name, Name);

        Assert.Equal(Locked, (await PutAsync(Part + 1)).Value.Protection);
        Assert.Equal(1, Proxy.Requests.Count(static request => request.Verb == "POST" && request.Target.EndsWith("?uploads", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Delete_OfALockedObject_LeavesNoMarkerAndTheVersion()
    {
        await PutAsync(100);
        Assert.Equal(StoreError.Retained, (await Store.DeleteAsync(Key, EntityTag.Any, default)).Error);

        ListVersionsResponse left = await Bucket.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = Bucket.Name });
        Assert.NotEqual(true, Assert.Single(left.Versions).IsDeleteMarker);
    }

    [Fact]
    public async Task Put_OverALockedObject_IsANewVersionAboveTheLockedOne()
    {
        await PutAsync(100);
        Assert.True((await Store.PutAsync(Key, new byte[7], PutCondition.None, default)).Succeeded);

        Assert.Equal(ObjectProtection.None, (await Store.GetPropertiesAsync(Key, default)).Value.Protection);
        Assert.Equal(2, (await Bucket.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = Bucket.Name })).Versions.Count);
        Assert.Equal(StoreError.Retained, (await Store.DeleteAsync(Key, EntityTag.Any, default)).Error);
        Assert.Equal(7, (await Store.GetPropertiesAsync(Key, default)).Value.Length);
    }

    [Fact]
    public async Task SetTier_OfALockedObject_IsRetainedAndMakesNoCopy()
    {
        await PutAsync(100);

        Assert.Equal(StoreError.Retained, (await Store.SetTierAsync(Key, StorageTier.Cool, default)).Error);
        Assert.Single((await Bucket.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = Bucket.Name })).Versions);
    }

    [Fact]
    public async Task SetRetention_BypassesGovernanceOnlyToWeakenIt()
    {
        await Store.PutAsync(Key, new byte[3], PutCondition.None, default);
        await Store.SetRetentionAsync(Key, new ObjectRetention(RetentionMode.Governance, ForADay.Until), default);
        await Store.SetRetentionAsync(Key, new ObjectRetention(RetentionMode.Governance, ForADay.Until.AddDays(1)), default);
        Assert.DoesNotContain(Proxy.Requests, static request => request.Head.Contains("bypass-governance", StringComparison.OrdinalIgnoreCase));

        await Store.SetRetentionAsync(Key, new ObjectRetention(RetentionMode.Governance, ForADay.Until), default);
        Assert.Contains("x-amz-bypass-governance-retention: true", Proxy.Requests.Last(static request => request.Verb == "PUT").Head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Bucket_IsAskedOnceWhetherItHasLocks()
    {
        await Store.PutAsync(Key, new byte[3], PutCondition.None, default);
        await Store.SetLegalHoldAsync(Key, isHeld: true, default);
        await Store.SetLegalHoldAsync(Key, isHeld: false, default);
        await Store.SetRetentionAsync(Key, ForADay, default);

        Assert.Equal(1, Proxy.Requests.Count(static request => request.Target.Contains("object-lock", StringComparison.Ordinal)));
    }

    private async Task<StoreResult<ObjectProperties>> PutAsync(int length)
    {
        string path = _scratch["source-" + Guid.NewGuid().ToString("N")];
        await File.WriteAllBytesAsync(path, new byte[length]);
        return await Store.PutFileAsync(Key, new UploadSource(path, length), new PutOptions { Protection = Locked }, default);
    }
}
