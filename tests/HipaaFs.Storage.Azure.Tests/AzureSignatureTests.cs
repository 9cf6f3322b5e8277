using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Azure.Tests;

/// <summary>Shared access signatures, on an emulator that knows an account of these tests' own.</summary>
public sealed class AzureSignatureTests
{
    private const string Account = "signedtests";

    private static readonly ObjectKey Key = new("seg/ab/one");

    [Fact]
    public async Task Signature_AllowsWhatItSaysAndNothingElse()
    {
        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        Environment.SetEnvironmentVariable("AZURITE_ACCOUNTS", $"{AzuriteServer.Account}:{AzuriteServer.Key};{Account}:{AzuriteServer.Key}");
        using var scratch = new ScratchDirectory();
        await using AzuriteServer server = AzuriteServer.In(scratch["azurite"]);
        Directory.CreateDirectory(scratch["azurite"]);
        await server.StartAsync();
        var container = new BlobContainerClient(
            new Uri($"{server.Endpoint}{Account}/signed"), new StorageSharedKeyCredential(Account, AzuriteServer.Key), new BlobClientOptions(BlobClientOptions.ServiceVersion.V2023_01_03));
        await container.CreateAsync();
        byte[] content = [1, 2, 3];

        await using (AzureObjectStore store = Open(server, container, BlobContainerSasPermissions.All))
        {
            Assert.True((await store.PutAsync(Key, content, PutCondition.IfAbsent, default)).Succeeded);
            byte[] read = new byte[3];
            Assert.Equal(3, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
            Assert.Equal(content, read);
            Assert.Equal([Key], (await store.ListAsync(string.Empty, null, 10, default)).Value.Objects.Select(static found => found.Key));
        }

        await using (AzureObjectStore store = Open(server, container, BlobContainerSasPermissions.Read | BlobContainerSasPermissions.List))
        {
            Assert.Equal(3, (await store.GetPropertiesAsync(Key, default)).Value.Length);
            Assert.Equal(StoreError.AccessDenied, (await store.PutAsync(Key, content, PutCondition.None, default)).Error);
            Assert.Equal(StoreError.AccessDenied, (await store.DeleteAsync(Key, EntityTag.Any, default)).Error);
        }

        await using (AzureObjectStore store = Open(server, container, BlobContainerSasPermissions.All, isOver: true))
        {
            Assert.Equal(StoreError.AccessDenied, (await store.GetPropertiesAsync(Key, default)).Error);
        }
    }

    private static AzureObjectStore Open(AzuriteServer server, BlobContainerClient container, BlobContainerSasPermissions permissions, bool isOver = false)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Uri signed = container.GenerateSasUri(new BlobSasBuilder(permissions, now.AddHours(isOver ? -1 : 1)) { StartsOn = now.AddHours(-2), BlobContainerName = container.Name });
        Environment.SetEnvironmentVariable("AZURE_STORAGE_SAS_TOKEN_SIGNEDTESTS", signed.Query);
        return AzureObjectStore.Open(StoreUrl.Parse($"azblob://{Account}/signed/volume?endpoint={Uri.EscapeDataString(server.Endpoint.ToString())}"), new AzureStoreOptions());
    }
}
