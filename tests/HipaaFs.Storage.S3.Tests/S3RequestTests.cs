using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

/// <summary>What every request must carry, as a server sees it.</summary>
public sealed class S3RequestTests : IAsyncLifetime
{
    private const int Part = 5 << 20;

    private static readonly ObjectKey Key = new("seg/ab/one");

    private readonly CephCluster _cluster;
    private readonly ScratchDirectory _scratch = new();
    private CephBucket? _bucket;
    private FaultProxy? _proxy;

    public S3RequestTests(CephCluster cluster) => _cluster = cluster;

    public async ValueTask InitializeAsync()
    {
        _bucket = await CephBucket.CreateAsync(_cluster);
        _proxy = FaultProxy.Start(_bucket.Server);
    }

    public async ValueTask DisposeAsync()
    {
        await (_proxy?.DisposeAsync() ?? default);
        _bucket?.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task RequesterPays_EveryRequestSaysSo()
    {
        await using S3ObjectStore store = S3ObjectStore.Open(
            _bucket!.UrlBy(_proxy!.Endpoint, "&requester-pays=true"), new S3StoreOptions { LongestSinglePut = Part, PartLength = Part }, TimeProvider.System, NullLogger.Instance);
        foreach (int length in (int[])[100, Part + 1])
        {
            string path = _scratch[$"source-{length}"];
            await File.WriteAllBytesAsync(path, new byte[length]);
            Assert.True((await store.PutFileAsync(Key, new UploadSource(path, length), new PutOptions(), default)).Succeeded);
            Assert.Equal(100, (await store.ReadAsync(Key, EntityTag.Any, 0, new byte[100], default)).Value);
        }

        Assert.True((await store.PutAsync(new ObjectKey("volume.json"), new byte[5], PutCondition.IfAbsent, default)).Succeeded);
        Assert.Equal(2, (await store.ListAsync(string.Empty, null, 10, default)).Value.Objects.Count);
        Assert.True((await store.SetTierAsync(Key, StorageTier.Cool, default)).Succeeded);
        Assert.True((await store.DeleteAsync(Key, EntityTag.Any, default)).Value);

        Assert.NotEmpty(_proxy.Requests);
        Assert.All(_proxy.Requests, static request => Assert.Contains("x-amz-request-payer", request.Target + request.Head, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 2)]
    public async Task PutFile_OfANewFile_LooksForNothingThatIsLeftOfAnEarlierTry(bool isNew, int lookUps)
    {
        await using S3ObjectStore store = S3ObjectStore.Open(
            _bucket!.UrlBy(_proxy!.Endpoint), new S3StoreOptions { LongestSinglePut = Part, PartLength = Part }, TimeProvider.System, NullLogger.Instance);
        string path = _scratch["source"];
        await File.WriteAllBytesAsync(path, new byte[Part + 1]);
        var options = new PutOptions { Condition = PutCondition.IfAbsent };

        Assert.True((await store.PutFileAsync(Key, new UploadSource(path, Part + 1) { IsNew = isNew }, options, default)).Succeeded);

        // Besides the sweep of abandoned uploads: one is begun, filled, completed and proven.
        ProxyRequest[] requests = [.. _proxy.Requests.Where(static request => request.Verb != "GET" || request.Target.Contains(Key.Value, StringComparison.Ordinal))];
        Assert.Equal(2, requests.Count(static request => request.Verb == "PUT"));
        Assert.Equal(2, requests.Count(static request => request.Verb == "POST"));
        Assert.Equal(1 + lookUps, requests.Count(static request => request.Verb is "HEAD" or "GET"));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(Part + 1)]
    public async Task KmsKey_WhateverMakesAnObjectNamesIt(int length)
    {
        const string key = "testkey-1";
        await using S3ObjectStore store = S3ObjectStore.Open(
            _bucket!.UrlBy(_proxy!.Endpoint, "&kms-key=" + key), new S3StoreOptions { LongestSinglePut = Part, PartLength = Part }, TimeProvider.System, NullLogger.Instance);
        byte[] content = RandomNumberGenerator.GetBytes(length);
        string path = _scratch["source"];
        await File.WriteAllBytesAsync(path, content);

        Assert.True((await store.PutFileAsync(Key, new UploadSource(path, length), PutOptions.Default, default)).Succeeded);
        GetObjectMetadataResponse found = await _bucket.Client.GetObjectMetadataAsync(_bucket.Name, "volume/" + Key.Value);
        Assert.Equal((ServerSideEncryptionMethod.AWSKMS, key), (found.ServerSideEncryptionMethod, found.ServerSideEncryptionKeyManagementServiceKeyId));
        Assert.Equal(StoreError.Unsupported, (await store.SetTierAsync(Key, StorageTier.Cool, default)).Error); // Ceph 16 copies nothing that is encrypted; what is asked for is seen below.
        byte[] read = new byte[length];
        Assert.Equal(length, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.True(content.AsSpan().SequenceEqual(read));

        // The put or the beginning of one in parts, and the copy; parts follow what was begun.
        string[] made = [.. _proxy.Requests
            .Where(static request => request.Verb is "PUT" or "POST" && !request.Target.Contains("uploadId=", StringComparison.Ordinal))
            .Select(static request => request.Head)];
        Assert.Equal(2, made.Length);
        Assert.Single(made, static head => head.Contains("x-amz-copy-source:", StringComparison.OrdinalIgnoreCase));
        Assert.All(made, static head => Assert.Contains("x-amz-server-side-encryption: aws:kms", head, StringComparison.OrdinalIgnoreCase));
        Assert.All(made, static head => Assert.Contains("x-amz-server-side-encryption-aws-kms-key-id: " + key, head, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task SessionToken_EveryRequestCarriesIt()
    {
        string file = _scratch["credentials"];
        await File.WriteAllTextAsync(file, $"[volume]\naws_access_key_id = {CephCluster.AccessKey}\naws_secret_access_key = {CephCluster.SecretKey}\naws_session_token = ofthissession\n");
        await using S3ObjectStore store = S3ObjectStore.Open(_bucket!.UrlBy(_proxy!.Endpoint, "&profile=volume"), new S3StoreOptions(), file, TimeProvider.System, NullLogger.Instance);

        // What this gateway, which gives out no sessions, makes of it does not matter.
        await store.GetPropertiesAsync(Key, default);
        await store.ReadAsync(Key, EntityTag.Any, 0, new byte[10], default);
        await store.PutAsync(Key, new byte[10], PutCondition.None, default);

        Assert.All(["HEAD", "GET", "PUT"], verb => Assert.Contains(_proxy.Requests, request => request.Verb == verb));
        Assert.All(_proxy.Requests, static request => Assert.Contains("ofthissession", request.Target + request.Head, StringComparison.Ordinal));
    }
}
