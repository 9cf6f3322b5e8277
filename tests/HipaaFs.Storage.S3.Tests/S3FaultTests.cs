using Amazon.S3;
using Amazon.S3.Model;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

public sealed class S3FaultTests : ObjectStoreFaults
{
    private readonly CephCluster _cluster;
    private CephBucket? _bucket;

    public S3FaultTests(CephCluster cluster) => _cluster = cluster;

    protected override string ExpiredCode => "ExpiredToken";

    protected override string BusyCode => "SlowDown";

    protected override string SkewedCode => "RequestTimeTooSkewed";

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

    protected override IObjectStore OpenAdapter(Uri endpoint, string options = "") =>
        S3ObjectStore.Open(_bucket!.UrlBy(endpoint, options), new S3StoreOptions(), TimeProvider.System, NullLogger.Instance);

    [Theory]
    [InlineData(503, "SlowDown")]
    [InlineData(429, "TooManyRequests")]
    [InlineData(500, "InternalError")]
    public async Task PutIfAbsent_LookUpAfterItRefused_DoesNotLoseAgainstItself(int status, string code)
    {
        var clock = new DeadlineClock();
        await using MeteringObjectStore store = Stack(clock);
        Proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Verb = "HEAD", Status = status, Code = code, Count = 1 });

        Assert.True((await store.PutAsync(new ObjectKey("session/7"), "claim of this one"u8.ToArray(), PutCondition.IfAbsent, default)).Succeeded);
        Assert.Equal(StoreError.AlreadyExists, (await store.PutAsync(new ObjectKey("session/7"), "of another"u8.ToArray(), PutCondition.IfAbsent, default)).Error);
    }

    // Of data, whose addresses are signed for a while, S3 says no more than that access is denied.
    [Theory]
    [InlineData(20, "clock and the store's differ")]
    [InlineData(-20, "clock and the store's differ")]
    [InlineData(2, "refuses access (AccessDenied)")]
    public async Task SignedAddress_OutOfDate_NamesTheClock(int minutes, string meaning)
    {
        await PutContentAsync();
        Proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Status = 403, Code = "AccessDenied", ClockSkew = TimeSpan.FromMinutes(minutes) });

        foreach (StoreVerb verb in new[] { StoreVerb.Read, StoreVerb.Put, StoreVerb.PutFile, StoreVerb.GetProperties })
        {
            StoreFailure? failure = await RunAsync(Adapter, verb);
            Assert.Equal(StoreError.AccessDenied, failure?.Error);
            Assert.Contains(meaning, StoreAdvice.For(failure!).Meaning, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(301, "PermanentRedirect")]
    [InlineData(400, "AuthorizationHeaderMalformed")]
    public async Task OtherRegion_OnAnyOperation_IsNamed(int status, string code)
    {
        await PutContentAsync();
        Proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Status = status, Code = code });

        foreach (StoreVerb verb in new[] { StoreVerb.Read, StoreVerb.Put, StoreVerb.GetProperties, StoreVerb.List, StoreVerb.Delete })
        {
            StoreFailure? failure = await RunAsync(Adapter, verb);
            Assert.False(failure?.Error.IsTransient(), $"{failure}");
            Assert.Contains("another region", StoreAdvice.For(failure!).Meaning, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Delete_InAVersionedBucketBrokenOffInTheMiddle_IsFinishedByARepeat()
    {
        await _bucket!.Client.PutBucketVersioningAsync(new PutBucketVersioningRequest
        {
            BucketName = _bucket.Name,
            VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled },
        });
        await PutContentAsync();
        await PutContentAsync();
        await PutContentAsync();
        Proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Verb = "DELETE", Status = 503, Code = "SlowDown", Skip = 1, Count = 1 });

        Assert.Equal(StoreError.Throttled, (await RunAsync(Adapter, StoreVerb.Delete))?.Error);
        Assert.Null(await RunAsync(Adapter, StoreVerb.Delete));
        ListVersionsResponse left = await _bucket.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = _bucket.Name });
        Assert.Empty(left.Versions ?? []);
    }

    [Fact]
    public async Task Profile_ReplacedWhileTheStoreIsOpen_IsTakenOverWithTheNextRequest()
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        WriteProfile(file, CephCluster.SecretKey);
        try
        {
            var clock = new ManualTimeProvider(DateTimeOffset.UtcNow);
            await using S3ObjectStore store = S3ObjectStore.Open(_bucket!.UrlBy(Proxy.Endpoint, "&profile=volume"), new S3StoreOptions(), file, clock, NullLogger.Instance);
            Assert.Null(await RunAsync(store, StoreVerb.Put));

            // The store no longer accepts the former secret; the file has the new one, later than the first refusal.
            Proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Status = 403, Code = "InvalidAccessKeyId" });
            clock.Advance(S3Credentials.ShortestReload);
            Assert.Equal(StoreError.AccessDenied, (await RunAsync(store, StoreVerb.Read))?.Error);
            WriteProfile(file, "another");
            clock.Advance(S3Credentials.ShortestReload);
            Assert.Equal(new StoreFailure(StoreError.Unavailable, "credentials were rotated"), await RunAsync(store, StoreVerb.Read)); // So it is repeated.
            Proxy.Heal();

            // That the new ones are signed with shows in that the server, which does not know them, refuses.
            Assert.Equal("SignatureDoesNotMatch", (await RunAsync(store, StoreVerb.Read))?.Detail);
            WriteProfile(file, CephCluster.SecretKey);
            clock.Advance(S3Credentials.ShortestReload);
            Assert.Equal("credentials were rotated", (await RunAsync(store, StoreVerb.Read))?.Detail);
            Assert.Null(await RunAsync(store, StoreVerb.Read));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void WriteProfile(string file, string secret)
    {
        // As rotation does it: a new file in the place of the old one.
        File.WriteAllText(file + ".new", $"[volume]\naws_access_key_id = {CephCluster.AccessKey}\naws_secret_access_key = {secret}\n");
        File.Move(file + ".new", file, overwrite: true);
    }
}
