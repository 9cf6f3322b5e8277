using System.Security.Cryptography;
using Azure.Storage.Blobs.Specialized;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Azure.Tests;

public sealed class AzureObjectStoreTests : IDisposable
{
    private const int Block = 256 * 1024;

    private static readonly AzureStoreOptions InBlocks = new() { LongestSinglePut = Block, BlockLength = Block, ParallelBlocks = 3 };
    private static readonly ObjectKey Key = new("seg/ab/one");

    private readonly AzuriteServer _server;
    private readonly ScratchDirectory _scratch = new();

    public AzureObjectStoreTests(AzuriteServer server) => _server = server;

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(Block + 1)]
    [InlineData((5 * Block) + 4711)]
    public async Task PutFile_InBlocks_IsTheFile(int length)
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        await using AzureObjectStore store = container.Open(how: InBlocks);
        (UploadSource source, byte[] content) = Source(length);

        StoreResult<ObjectProperties> put = await store.PutFileAsync(Key, source, new PutOptions { Condition = PutCondition.IfAbsent }, default);

        Assert.Equal(SHA256.HashData(content), put.Value.Sha256.ToArray());
        Assert.Equal(put.Value with { Sha256 = default }, (await store.GetPropertiesAsync(Key, default)).Value);
        byte[] read = new byte[length + 1];
        Assert.Equal(length, (await store.ReadAsync(Key, put.Value.Tag, 0, read, default)).Value);
        Assert.Equal(content, read[..length]);
        Assert.Equal(StoreError.AlreadyExists, (await store.PutFileAsync(Key, source, new PutOptions { Condition = PutCondition.IfAbsent }, default)).Error);
    }

    [Fact]
    public async Task Endpoint_ThatNamesTheAccount_IsTheSamePlace()
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        await using AzureObjectStore store = container.Open();
        await using AzureObjectStore named = AzureObjectStore.Open(container.UrlBy(new Uri(container.Server, AzuriteServer.Account)), new AzureStoreOptions());
        Assert.True((await named.PutAsync(Key, new byte[3], PutCondition.IfAbsent, default)).Succeeded);

        Assert.Equal(3, (await store.GetPropertiesAsync(Key, default)).Value.Length);
    }

    [Fact]
    public async Task PutFile_AfterACrashInTheMiddle_UsesTheBlocksThatAreThere()
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        (UploadSource source, byte[] content) = Source(3 * Block);
        await using AzureObjectStore store = container.Open(how: InBlocks);
        Assert.True((await store.PutFileAsync(new ObjectKey("seg/ab/two"), source, PutOptions.Default, default)).Succeeded);
        string[] names = [.. (await container.Client.GetBlockBlobClient("volume/seg/ab/two").GetBlockListAsync()).Value.CommittedBlocks.Select(block => block.Name)];

        // The first block has the right name and other bytes: that it is not sent again shows in what comes out.
        byte[] planted = RandomNumberGenerator.GetBytes(Block);
        using var stream = new MemoryStream(planted);
        await container.Client.GetBlockBlobClient("volume/" + Key.Value).StageBlockAsync(names[0], stream);
        StoreResult<ObjectProperties> put = await store.PutFileAsync(Key, source, PutOptions.Default, default);

        Assert.True(put.Value.Sha256.IsEmpty); // So the caller reads it back, and finds out.
        byte[] read = new byte[content.Length];
        Assert.Equal(content.Length, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(planted, read[..Block]);
        Assert.Equal(content[Block..], read[Block..]);
    }

    [Fact]
    public async Task List_FromAnyPlace_GoesOnWhereItWas()
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        await using AzureObjectStore store = container.Open();
        ObjectKey[] keys = [.. Enumerable.Range(0, 25).Select(number => new ObjectKey($"seg/{number:D3}"))];
        foreach (ObjectKey key in keys)
        {
            await store.PutAsync(key, new byte[1], PutCondition.None, default);
        }

        await using AzureObjectStore other = container.Open(); // Has seen no page before.
        ObjectPage page = (await other.ListAsync("seg/", keys[9], 5, default)).Value;
        Assert.Equal(keys[10..15], page.Objects.Select(found => found.Key));
        Assert.True(page.More);
        Assert.Equal(keys[20..], (await other.ListAsync("seg/", keys[19], 100, default)).Value.Objects.Select(found => found.Key));
    }

    [Fact]
    public async Task Archive_IsRefusedUntilItIsRestored()
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        await using AzureObjectStore store = container.Open();
        byte[] content = [1, 2, 3];
        await store.PutAsync(Key, content, PutCondition.None, default);

        Assert.Equal(StorageTier.Archive, (await store.SetTierAsync(Key, StorageTier.Archive, default)).Value.Tier);
        Assert.Equal(StoreError.Archived, (await store.ReadAsync(Key, EntityTag.Any, 0, new byte[3], default)).Error);
        Assert.True((await store.RestoreAsync(Key, new RestoreRequest(RestoreSpeed.Expedited, 1), default)).Succeeded); // At once in the emulator.
        byte[] read = new byte[3];
        Assert.Equal(3, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(content, read);
    }

    [Fact]
    public async Task PutFile_OfAFileThatChanged_IsCorruptAndLeavesWhatWasThere()
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        await using AzureObjectStore store = container.Open(how: InBlocks);
        EntityTag former = (await store.PutAsync(Key, new byte[7], PutCondition.None, default)).Value.Tag;
        UploadSource claimed = Source(Block + 1).Source with { Sha256 = new byte[32] };

        Assert.Equal(StoreError.Corrupt, (await store.PutFileAsync(Key, claimed, PutOptions.Default, default)).Error);
        Assert.Equal(former, (await store.GetPropertiesAsync(Key, default)).Value.Tag);
    }

    [Fact]
    public async Task Read_PastTheEndOfAnotherVersion_SaysThatItChanged()
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        await using AzureObjectStore store = container.Open();
        EntityTag former = (await store.PutAsync(Key, new byte[1000], PutCondition.None, default)).Value.Tag;
        await store.PutAsync(Key, new byte[10], PutCondition.None, default);

        Assert.Equal(StoreError.VersionChanged, (await store.ReadAsync(Key, former, 500, new byte[100], default)).Error);
    }

    [Fact]
    public async Task NoSuchContainer_IsNotAnAbsentObject()
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        await using AzureObjectStore store = AzureObjectStore.Open(container.Url(container: "no-such-container"), new AzureStoreOptions());

        Assert.Equal(StoreError.Unavailable, (await store.GetPropertiesAsync(Key, default)).Error);
        Assert.Equal(StoreError.Unavailable, (await store.DeleteAsync(Key, EntityTag.Any, default)).Error);
    }

    [Fact]
    public async Task NoSuchContainer_IsNamed()
    {
        AzuriteContainer container = await AzuriteContainer.CreateAsync(_server);
        await using AzureObjectStore store = AzureObjectStore.Open(container.Url(container: "no-such-container"), new AzureStoreOptions());

        StoreFailure? failure = (await store.PutAsync(Key, new byte[1], PutCondition.None, default)).Failure;
        Assert.Equal("ContainerNotFound", failure?.Detail);
        Assert.Equal(StoreError.Unavailable, failure?.Error);
    }

    [Fact]
    public async Task Nobody_Listening_IsUnavailableWithTheReason()
    {
        int port = LoopbackPorts.FindRun(1);
        Environment.SetEnvironmentVariable("AZURE_STORAGE_KEY", AzuriteServer.Key);
        StoreUrl url = StoreUrl.Parse($"azblob://{AzuriteServer.Account}/container?endpoint=http://127.0.0.1:{port}");
        await using AzureObjectStore store = AzureObjectStore.Open(url, new AzureStoreOptions());

        StoreFailure? failure = (await store.GetPropertiesAsync(Key, default)).Failure;
        Assert.Equal(new StoreFailure(StoreError.Unavailable, "ConnectionRefused"), failure);
    }

    private (UploadSource Source, byte[] Content) Source(int length)
    {
        byte[] content = RandomNumberGenerator.GetBytes(length);
        string path = _scratch["source-" + Guid.NewGuid().ToString("N")];
        File.WriteAllBytes(path, content);
        return (new UploadSource(path, length), content);
    }
}
