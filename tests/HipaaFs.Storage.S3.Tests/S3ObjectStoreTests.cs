using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

public sealed class S3ObjectStoreTests : IDisposable
{
    private static readonly ObjectKey Key = new("seg/ab/one");

    private readonly CephCluster _cluster;
    private readonly ScratchDirectory _scratch = new();

    public S3ObjectStoreTests(CephCluster cluster) => _cluster = cluster;

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Stores_WithDifferentPrefixes_DoNotSeeEachOther()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore one = bucket.Open("one");
        await using S3ObjectStore other = bucket.Open("one-more");
        await one.PutAsync(Key, new byte[3], PutCondition.None, default);

        Assert.Equal(StoreError.NotFound, (await other.GetPropertiesAsync(Key, default)).Error);
        Assert.Empty((await other.ListAsync(string.Empty, null, 10, default)).Value.Objects);
        Assert.Single((await one.ListAsync(string.Empty, null, 10, default)).Value.Objects);
    }

    [Fact]
    public async Task List_BesideNamesThatAreNotOurs_ShowsOnlyKeysAndGoesOn()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open();
        foreach (string foreign in new[] { "volume/A Foreign Name", "volume/B", "volume/Ü" })
        {
            await bucket.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket.Name, Key = foreign, ContentBody = "x", UseChunkEncoding = false });
        }

        await store.PutAsync(Key, new byte[3], PutCondition.None, default);

        Assert.Equal(Key, Assert.Single((await store.ListAsync(string.Empty, null, 1, default)).Value.Objects).Key);
    }

    [Fact]
    public async Task Probe_PlainBucket_HonoursConditions_VersionedBucketHereDoesNot()
    {
        using CephBucket plain = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore first = plain.Open();
        Assert.True((await StoreProbe.RunAsync(first, default)).Value.PutIfAbsent);

        using CephBucket versioned = await CephBucket.CreateAsync(_cluster);
        await VersionAsync(versioned);
        await using S3ObjectStore second = versioned.Open();
        Assert.False((await StoreProbe.RunAsync(second, default)).Value.PutIfAbsent); // Ceph 16; others may.
    }

    [Fact]
    public async Task Delete_InAVersionedBucket_LeavesNoVersion()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await VersionAsync(bucket);
        await using S3ObjectStore store = bucket.Open();
        for (int i = 0; i < 3; i++)
        {
            await store.PutAsync(Key, new byte[i + 1], PutCondition.None, default);
        }

        Assert.True((await store.DeleteAsync(Key, EntityTag.Any, default)).Value);
        Assert.Equal(StoreError.NotFound, (await store.GetPropertiesAsync(Key, default)).Error);
        ListVersionsResponse left = await bucket.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = bucket.Name });
        Assert.Empty(left.Versions ?? []);
    }

    [Fact]
    public async Task Delete_OfALockedObject_IsRetained()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster, static request => request.ObjectLockEnabledForBucket = true);
        await using S3ObjectStore store = bucket.Open();
        await bucket.Client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = bucket.Name,
            Key = "volume/" + Key.Value,
            ContentBody = "locked",
            UseChunkEncoding = false,
            ObjectLockMode = ObjectLockMode.Compliance,
            ObjectLockRetainUntilDate = DateTime.UtcNow.AddDays(1),
        });

        Assert.Equal(StoreError.Retained, (await store.DeleteAsync(Key, EntityTag.Any, default)).Error);
        Assert.True((await store.GetPropertiesAsync(Key, default)).Succeeded);
    }

    [Theory]
    [InlineData(StorageTier.Cool, "STANDARD_IA")]
    [InlineData(StorageTier.Cold, "GLACIER_IR")]
    [InlineData(StorageTier.Archive, "GLACIER")]
    public async Task SetTier_MovesTheClassAndKeepsTheContent(StorageTier tier, string storageClass)
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open();
        byte[] content = [1, 2, 3, 4, 5];
        await store.PutAsync(Key, content, PutCondition.None, default);

        Assert.Equal(tier, (await store.SetTierAsync(Key, tier, default)).Value.Tier);
        Assert.Equal(storageClass, (await bucket.Client.GetObjectMetadataAsync(bucket.Name, "volume/" + Key.Value)).StorageClass.Value);
        Assert.Equal(tier, Assert.Single((await store.ListAsync(string.Empty, null, 10, default)).Value.Objects).Tier);
        byte[] read = new byte[content.Length];
        Assert.Equal(5, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value); // Ceph reads its archive at once.
        Assert.Equal(content, read);
        Assert.Equal(StorageTier.Hot, (await store.SetTierAsync(Key, StorageTier.Hot, default)).Value.Tier);
    }

    [Fact]
    public async Task ArchiveClass_DeepArchive_IsUsed()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open(options: "&archive-class=DEEP_ARCHIVE");
        await store.PutAsync(Key, new byte[3], PutCondition.None, default);
        await store.SetTierAsync(Key, StorageTier.Archive, default);

        Assert.Equal("DEEP_ARCHIVE", (await bucket.Client.GetObjectMetadataAsync(bucket.Name, "volume/" + Key.Value)).StorageClass.Value);
    }

    [Fact]
    public async Task KmsKey_IsAskedFor()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open(options: "&kms-key=testkey-1");
        byte[] content = [9, 8, 7];

        Assert.True((await store.PutAsync(Key, content, PutCondition.None, default)).Succeeded);
        GetObjectMetadataResponse found = await bucket.Client.GetObjectMetadataAsync(bucket.Name, "volume/" + Key.Value);
        Assert.Equal((ServerSideEncryptionMethod.AWSKMS, "testkey-1"), (found.ServerSideEncryptionMethod, found.ServerSideEncryptionKeyManagementServiceKeyId));
        byte[] read = new byte[3];
        Assert.Equal(3, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(content, read);
    }

    [Fact]
    public async Task Md5_IsThatOfTheContentOrOfItsPartsAndNoneUnderAKeyOfTheKms()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open();
        byte[] content = RandomNumberGenerator.GetBytes((5 << 20) + 17);
        await bucket.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket.Name, Key = "volume/seg/ab/whole", InputStream = new MemoryStream(content), UseChunkEncoding = false });
        using (var transfer = new TransferUtility(bucket.Client))
        {
            await transfer.UploadAsync(new TransferUtilityUploadRequest
            {
                BucketName = bucket.Name,
                Key = "volume/seg/ab/parts",
                InputStream = new MemoryStream([.. content, .. new byte[15 << 20]]),
                PartSize = 5 << 20,
            });
        }

        await bucket.Client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = bucket.Name,
            Key = "volume/seg/ab/kms",
            InputStream = new MemoryStream(content),
            UseChunkEncoding = false,
            ServerSideEncryptionMethod = ServerSideEncryptionMethod.AWSKMS,
            ServerSideEncryptionKeyManagementServiceKeyId = "testkey-1",
        });

#pragma warning disable CA5351 // As the protocol has it.
        Assert.Equal(new ContentMd5(Convert.ToHexStringLower(MD5.HashData(content)), Parts: null), (await store.GetPropertiesAsync(new ObjectKey("seg/ab/whole"), default)).Value.Md5);
#pragma warning restore CA5351
        Assert.Equal(5, (await store.GetPropertiesAsync(new ObjectKey("seg/ab/parts"), default)).Value.Md5?.Parts);
        Assert.Null((await store.GetPropertiesAsync(new ObjectKey("seg/ab/kms"), default)).Value.Md5);
        IReadOnlyList<ObjectProperties> listed = (await store.ListAsync("seg/ab/", null, 10, default)).Value.Objects;
        Assert.Equal(["seg/ab/parts", "seg/ab/whole"], listed.Where(found => found.Key.Value != "seg/ab/kms" && found.Md5 is not null).Select(found => found.Key.Value));
    }

    [Fact]
    public async Task Restore_WhereTheServerCannot_IsUnsupported()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open();
        await store.PutAsync(Key, new byte[3], PutCondition.None, default);

        Assert.Equal(RestoreState.None, (await store.RestoreAsync(Key, new RestoreRequest(RestoreSpeed.Standard, 1), default)).Value);
        await store.SetTierAsync(Key, StorageTier.Archive, default);
        Assert.Equal(StoreError.Unsupported, (await store.RestoreAsync(Key, new RestoreRequest(RestoreSpeed.Standard, 1), default)).Error);
    }

    [Fact]
    public async Task NoSuchBucket_IsNamed()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        StoreUrl url = StoreUrl.Parse(bucket.Url().ToString().Replace(bucket.Name, "no-such-bucket", StringComparison.Ordinal));
        await using S3ObjectStore store = S3ObjectStore.Open(url, new S3StoreOptions(), TimeProvider.System, NullLogger.Instance);

        StoreFailure? failure = (await store.PutAsync(Key, new byte[1], PutCondition.None, default)).Failure;
        Assert.Equal("NoSuchBucket", failure?.Detail);
        Assert.Contains("no such bucket", StoreAdvice.For(failure!).Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_OnlyTheNamedAuthority_IsTrusted()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        string https = bucket.Url().ToString().Replace(Uri.EscapeDataString(_cluster.Http.ToString()), Uri.EscapeDataString(_cluster.Https.ToString()), StringComparison.Ordinal);
        await using S3ObjectStore trusting = S3ObjectStore.Open(
            StoreUrl.Parse($"{https}&ca-file={Uri.EscapeDataString(_cluster.CaFile)}"), new S3StoreOptions(), TimeProvider.System, NullLogger.Instance);
        await using S3ObjectStore wary = S3ObjectStore.Open(StoreUrl.Parse(https), new S3StoreOptions(), TimeProvider.System, NullLogger.Instance);

        Assert.True((await trusting.PutAsync(Key, new byte[5], PutCondition.IfAbsent, default)).Succeeded);
        Assert.Equal(5, (await trusting.ReadAsync(Key, EntityTag.Any, 0, new byte[9], default)).Value);
        StoreFailure? refused = (await wary.ReadAsync(Key, EntityTag.Any, 0, new byte[9], default)).Failure;
        Assert.Equal(StoreError.Unavailable, refused?.Error);
        Assert.StartsWith("TLS", refused?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CaFile_ThatIsNone_IsRefusedAtOnce()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        StoreOpenException refused = Assert.Throws<StoreOpenException>(() => bucket.Open(options: "&ca-file=" + Uri.EscapeDataString(_scratch["none.pem"])));
        Assert.Contains("ca-file", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Profile_RotatedWhileOpen_IsReadAgain()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        string file = _scratch["credentials"];
        WriteProfile(file, CephCluster.SecretKey);
        var clock = new ManualTimeProvider(DateTimeOffset.UtcNow);
        var credentials = new S3Credentials("volume", file, clock);
        Assert.Equal(CephCluster.SecretKey, credentials.GetCredentials().SecretKey);

        WriteProfile(file, "another");
        clock.Advance(S3Credentials.ShortestReload);
        Assert.True(credentials.Reload());
        Assert.Equal("another", credentials.GetCredentials().SecretKey);
        Assert.False(credentials.Reload()); // Too soon, and nothing changed.
    }

    [Fact]
    public void Profile_FileThatIsNone_IsNotQuoted()
    {
        string file = _scratch["credentials"];
        File.WriteAllText(file, "[volume]\naws_secret_access_key SECRET-WITHOUT-EQUALS\n");
        var credentials = new S3Credentials("volume", file, TimeProvider.System);

        Amazon.Runtime.AmazonClientException refused = Assert.Throws<Amazon.Runtime.AmazonClientException>(() => credentials.GetCredentials());
        Assert.DoesNotContain("SECRET-WITHOUT-EQUALS", refused.ToString(), StringComparison.Ordinal);
        Assert.Equal(StoreError.AccessDenied, S3Failures.From(refused).Error);
    }

    [Fact]
    public async Task Signature_CoversEveryHeaderThatS3WantsSigned()
    {
        string file = _scratch["credentials"];
        WriteProfile(file, "secret");
        using var connection = new S3Connection(
            StoreUrl.Parse("s3://bucket/volume?region=eu-central-1"), new S3StoreOptions(), new S3Credentials("volume", file, TimeProvider.System), TimeProvider.System);
        KeyValuePair<string, string>[] headers = [new("x-amz-checksum-sha256", "x"), new("If-None-Match", "*"), S3Reply.Md5Header(new byte[16])];

        string put = await connection.SignAsync(HttpVerb.PUT, "volume/x", headers, part: null);
        string part = await connection.SignAsync(HttpVerb.PUT, "volume/x", [S3Reply.Md5Header(new byte[16])], new S3Part("upload", 1));

        Assert.Contains("X-Amz-SignedHeaders=content-md5%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256", put, StringComparison.Ordinal);
        Assert.Contains("X-Amz-SignedHeaders=content-md5%3Bhost&", part, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoSuchBucket_IsNotAnAbsentObject()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        StoreUrl url = StoreUrl.Parse(bucket.Url().ToString().Replace(bucket.Name, "no-such-bucket", StringComparison.Ordinal));
        await using S3ObjectStore store = S3ObjectStore.Open(url, new S3StoreOptions(), TimeProvider.System, NullLogger.Instance);

        Assert.Equal("NoSuchBucket", (await store.GetPropertiesAsync(Key, default)).Failure?.Detail);
        Assert.Equal(StoreError.Unavailable, (await store.DeleteAsync(Key, EntityTag.Any, default)).Error);
        Assert.Equal(StoreError.Unavailable, (await store.ReadAsync(Key, EntityTag.Any, 0, new byte[1], default)).Error);
    }

    [Theory]
    [InlineData("Enabled")]
    [InlineData("Suspended")]
    public async Task SetTier_InAVersionedBucket_KeepsTheContent(string versioning)
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await VersionAsync(bucket);
        await VersionAsync(bucket, versioning);
        await using S3ObjectStore store = bucket.Open();
        byte[] content = [4, 5, 6];
        await store.PutAsync(Key, content, PutCondition.None, default);

        Assert.Equal(StorageTier.Cool, (await store.SetTierAsync(Key, StorageTier.Cool, default)).Value.Tier);
        byte[] read = new byte[3];
        Assert.Equal(3, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(content, read);
        ListVersionsResponse left = await bucket.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = bucket.Name });
        Assert.Single(left.Versions);
    }

    [Fact]
    public async Task Delete_OfALockedObject_LeavesItToBeSeen()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster, static request => request.ObjectLockEnabledForBucket = true);
        await using S3ObjectStore store = bucket.Open();
        await bucket.Client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = bucket.Name,
            Key = "volume/" + Key.Value,
            ContentBody = "held",
            UseChunkEncoding = false,
            ObjectLockLegalHoldStatus = ObjectLockLegalHoldStatus.On,
        });

        Assert.Equal(StoreError.Retained, (await store.DeleteAsync(Key, EntityTag.Any, default)).Error);
        Assert.Equal(4, (await store.ReadAsync(Key, EntityTag.Any, 0, new byte[9], default)).Value);
    }

    [Fact]
    public async Task CaFile_WithoutACertificate_IsRefusedAtOnce()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        File.WriteAllText(_scratch["empty.pem"], "nothing of the kind\n");
        Assert.Throws<StoreOpenException>(() => bucket.Open(options: "&ca-file=" + Uri.EscapeDataString(_scratch["empty.pem"])));
    }

    [Fact]
    public async Task Read_PastTheEndOfAnotherVersion_SaysThatItChanged()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open();
        EntityTag former = (await store.PutAsync(Key, new byte[1000], PutCondition.None, default)).Value.Tag;
        await store.PutAsync(Key, new byte[10], PutCondition.None, default);

        Assert.Equal(StoreError.VersionChanged, (await store.ReadAsync(Key, former, 500, new byte[100], default)).Error);
    }

    [Fact]
    public async Task WrongSecret_IsAccessDeniedWithTheStoresWord()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        string file = _scratch["credentials"];
        WriteProfile(file, "wrong");
        using var connection = new S3Connection(
            bucket.Url(), new S3StoreOptions(), new S3Credentials("volume", file, TimeProvider.System), TimeProvider.System);
        StoreResult<int> read = await new S3Read(connection).ReadAsync("volume/x", EntityTag.Any, 0, new byte[1], default);

        Assert.Equal(StoreError.AccessDenied, read.Error);
        Assert.Equal("SignatureDoesNotMatch", read.Failure?.Detail);
    }

    private static void WriteProfile(string file, string secret) =>
        File.WriteAllText(file, $"[volume]\naws_access_key_id = {CephCluster.AccessKey}\naws_secret_access_key = {secret}\n");

    private static async Task VersionAsync(CephBucket bucket, string status = "Enabled")
    {
        await bucket.Client.PutBucketVersioningAsync(new PutBucketVersioningRequest
        {
            BucketName = bucket.Name,
            VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.FindValue(status) },
        });
    }
}
