using System.Net;
using System.Net.Sockets;
using Xunit;

namespace HipaaFs.Storage.Azure.Tests;

/// <summary>Which of the environment's credentials a store uses. The accounts are these tests' own.</summary>
public sealed class AzureCredentialTests
{
    [Fact]
    public async Task Variable_WithTheNameOfTheAccount_ComesBeforeTheOneForAll()
    {
        Environment.SetEnvironmentVariable("AZURE_STORAGE_KEY", Testing.Servers.AzuriteServer.Key);
        Environment.SetEnvironmentVariable("AZURE_STORAGE_SAS_TOKEN_TWOOFTWO", "sv=2022-11-02&sig=ofitsown");
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        StoreUrl url = StoreUrl.Parse($"azblob://twooftwo/container?endpoint=http://127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}");
        await using AzureObjectStore store = AzureObjectStore.Open(url, new AzureStoreOptions());

        ValueTask<StoreResult<ObjectProperties>> asked = store.GetPropertiesAsync(new ObjectKey("volume.json"), default);
        using TcpClient client = await server.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream());
        string? request = await reader.ReadLineAsync();
        client.Close();

        Assert.Contains("sig=ofitsown", request, StringComparison.Ordinal);
        Assert.False((await asked).Succeeded);
    }

    [Fact]
    public void ConnectionString_OfAnotherAccount_NamesTheVariableToSet()
    {
        Environment.SetEnvironmentVariable(
            "AZURE_STORAGE_CONNECTION_STRING_THREEOFTHREE",
            $"DefaultEndpointsProtocol=https;AccountName=another;AccountKey={Testing.Servers.AzuriteServer.Key};EndpointSuffix=core.windows.net");

        var refused = Assert.Throws<StoreOpenException>(() => AzureObjectStore.Open(StoreUrl.Parse("azblob://threeofthree/container"), new AzureStoreOptions()));

        Assert.Contains("AZURE_STORAGE_KEY_THREEOFTHREE", refused.Message, StringComparison.Ordinal);
    }
}
