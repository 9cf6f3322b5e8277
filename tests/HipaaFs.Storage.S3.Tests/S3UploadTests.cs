using System.Security.Cryptography;
using Amazon.S3.Model;
using HipaaFs.Testing;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

public sealed class S3UploadTests : IDisposable
{
    private const long Part = 5L << 20; // S3's minimum.

    private static readonly S3StoreOptions InParts = new() { LongestSinglePut = Part, PartLength = Part, ParallelParts = 2 };
    private static readonly ObjectKey Key = new("seg/ab/one");

    private readonly CephCluster _cluster;
    private readonly ScratchDirectory _scratch = new();

    public S3UploadTests(CephCluster cluster) => _cluster = cluster;

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(Part + 1)]
    [InlineData((2 * Part) + 12_345)]
    [InlineData(4 * Part)]
    public async Task PutFile_InParts_IsTheFileAndLeavesNoParts(long length)
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open(how: InParts);
        (UploadSource source, byte[] content) = Source(length);

        StoreResult<ObjectProperties> put = await store.PutFileAsync(Key, source, new PutOptions { Condition = PutCondition.IfAbsent }, default);

        Assert.Equal(SHA256.HashData(content), put.Value.Sha256.ToArray());
        Assert.Equal(put.Value with { Sha256 = default }, (await store.GetPropertiesAsync(Key, default)).Value);
        byte[] read = new byte[length + 1];
        Assert.Equal(length, (await store.ReadAsync(Key, put.Value.Tag, 0, read, default)).Value);
        Assert.Equal(content, read[..(int)length]);
        Assert.Empty(await UnfinishedAsync(bucket));
    }

    [Fact]
    public async Task PutFile_InPartsIfAbsentOverAnObject_LeavesIt()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open(how: InParts);
        EntityTag former = (await store.PutAsync(Key, new byte[7], PutCondition.None, default)).Value.Tag;

        StoreResult<ObjectProperties> put = await store.PutFileAsync(Key, Source(2 * Part).Source, new PutOptions { Condition = PutCondition.IfAbsent }, default);

        Assert.Equal(StoreError.AlreadyExists, put.Error);
        Assert.Equal(former, (await store.GetPropertiesAsync(Key, default)).Value.Tag);
        Assert.Empty(await UnfinishedAsync(bucket));
    }

    [Fact]
    public async Task PutFile_AfterACrashInTheMiddle_FinishesTheSameUpload()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        (UploadSource source, byte[] content) = Source(3 * Part);
        string name = "volume/" + Key.Value;
        string upload = (await bucket.Client.InitiateMultipartUploadAsync(bucket.Name, name)).UploadId;
        await SendPartAsync(bucket, name, upload, 1, content.AsMemory(0, (int)Part));

        // Another life of the program finds it: were it not the same upload, this one would stay unfinished.
        await using S3ObjectStore store = bucket.Open(how: InParts);
        StoreResult<ObjectProperties> put = await store.PutFileAsync(Key, source, PutOptions.Default, default);

        Assert.True(put.Succeeded);
        byte[] read = new byte[content.Length];
        Assert.Equal(content.Length, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(content, read);
        Assert.Empty(await UnfinishedAsync(bucket));
    }

    [Fact]
    public async Task PutFile_OverAPartThatHoldsSomethingElse_SendsItAgain()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        (UploadSource source, byte[] content) = Source(2 * Part);
        string name = "volume/" + Key.Value;
        string upload = (await bucket.Client.InitiateMultipartUploadAsync(bucket.Name, name)).UploadId;
        await SendPartAsync(bucket, name, upload, 1, RandomNumberGenerator.GetBytes((int)Part));

        await using S3ObjectStore store = bucket.Open(how: InParts);
        Assert.True((await store.PutFileAsync(Key, source, PutOptions.Default, default)).Succeeded);

        byte[] read = new byte[content.Length];
        Assert.Equal(content.Length, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(content, read);
    }

    [Theory]
    [InlineData(Part)]
    [InlineData(Part + 1)]
    public async Task PutFile_OfAFileThatChanged_IsCorruptAndLeavesWhatWasThere(long length)
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await using S3ObjectStore store = bucket.Open(how: InParts);
        EntityTag former = (await store.PutAsync(Key, new byte[7], PutCondition.None, default)).Value.Tag;
        UploadSource claimed = Source(length).Source with { Sha256 = new byte[32] };

        Assert.Equal(StoreError.Corrupt, (await store.PutFileAsync(Key, claimed, PutOptions.Default, default)).Error);
        Assert.Equal(former, (await store.GetPropertiesAsync(Key, default)).Value.Tag);
        Assert.Empty(await UnfinishedAsync(bucket));
    }

    [Fact]
    public async Task Abandoned_OnlyOwnAndOldOnes_AreAborted()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await bucket.Client.InitiateMultipartUploadAsync(bucket.Name, "volume/seg/ab/old");
        await bucket.Client.InitiateMultipartUploadAsync(bucket.Name, "other/seg/ab/old");

        await using (S3ObjectStore patient = bucket.Open(how: InParts))
        {
            await patient.PutFileAsync(Key, Source(2 * Part).Source, PutOptions.Default, default);
        }

        Assert.Equal(2, (await UnfinishedAsync(bucket)).Count);

        using var connection = new S3Connection(bucket.Url(), InParts, new S3Credentials(null, null, TimeProvider.System), TimeProvider.System);
        var abandoned = new S3AbandonedUploads(
            connection, "volume/", TimeSpan.Zero, new ManualTimeProvider(DateTimeOffset.UtcNow.AddDays(2)), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        Assert.Equal(1, (await abandoned.AbortAsync(default)).Value);
        Assert.Equal("other/seg/ab/old", Assert.Single(await UnfinishedAsync(bucket)).Key);
    }

    [Fact]
    public async Task Put_InParts_AbortsWhatWasAbandonedBeforeAndSinceTheLastLook()
    {
        using CephBucket bucket = await CephBucket.CreateAsync(_cluster);
        await bucket.Client.InitiateMultipartUploadAsync(bucket.Name, "volume/seg/ab/old");
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow);
        S3StoreOptions minutes = InParts with { AbandonedUploadAge = TimeSpan.FromMinutes(4) }; // Signatures hold for a quarter of an hour.
        await using S3ObjectStore store = bucket.Open(how: minutes, time: time);

        await store.PutFileAsync(Key, Source(2 * Part).Source, PutOptions.Default, default);
        await Task.Delay(200); // A sweep that would take it has its time to.
        Assert.Single(await UnfinishedAsync(bucket));

        time.Advance(TimeSpan.FromMinutes(5));
        Assert.True((await store.PutFileAsync(Key, Source(2 * Part).Source, PutOptions.Default, default)).Succeeded);
        await Eventually.TrueAsync(async () => (await UnfinishedAsync(bucket)).Count == 0, "it is aborted");
    }

    private static async Task<List<MultipartUpload>> UnfinishedAsync(CephBucket bucket) =>
        (await bucket.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket.Name })).MultipartUploads ?? [];

    private static async Task SendPartAsync(CephBucket bucket, string name, string upload, int number, ReadOnlyMemory<byte> content)
    {
        using var stream = new MemoryStream(content.ToArray());
        await bucket.Client.UploadPartAsync(new UploadPartRequest
        {
            BucketName = bucket.Name,
            Key = name,
            UploadId = upload,
            PartNumber = number,
            InputStream = stream,
            UseChunkEncoding = false,
        });
    }

    private (UploadSource Source, byte[] Content) Source(long length)
    {
        byte[] content = RandomNumberGenerator.GetBytes((int)length);
        string path = _scratch["source-" + Guid.NewGuid().ToString("N")];
        File.WriteAllBytes(path, content);
        return (new UploadSource(path, length), content);
    }
}
