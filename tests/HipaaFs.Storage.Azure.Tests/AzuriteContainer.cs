using Azure.Storage.Blobs;
using HipaaFs.Testing.Servers;
using Xunit;

namespace HipaaFs.Storage.Azure.Tests;

/// <summary>A container of a test's own in the emulator.</summary>
internal sealed class AzuriteContainer
{
    private readonly AzuriteServer _server;

    private AzuriteContainer(AzuriteServer server)
    {
        _server = server;
        Client = server.Connect(Name);
    }

    /// <summary>The server's administrator's view.</summary>
    internal BlobContainerClient Client { get; }

    internal string Name { get; } = "test-" + Guid.NewGuid().ToString("N")[..20];

    /// <summary>Makes a container, or skips the test by name where there is no server.</summary>
    internal static async Task<AzuriteContainer> CreateAsync(AzuriteServer server)
    {
        Assert.SkipWhen(AzuriteServer.Missing is not null, AzuriteServer.Missing ?? string.Empty);
        await server.StartAsync();
        var container = new AzuriteContainer(server);
        await container.Client.CreateAsync();
        return container;
    }

    internal StoreUrl Url(string prefix = "volume", string? container = null) =>
        StoreUrl.Parse(_server.StoreUrl(container ?? Name, prefix));

    /// <summary>The server.</summary>
    internal Uri Server => _server.Endpoint;

    /// <summary>The store's URL by way of another address, such as a proxy's.</summary>
    internal StoreUrl UrlBy(Uri endpoint, string options = "") =>
        StoreUrl.Parse($"azblob://{AzuriteServer.Account}/{Name}/volume?endpoint={Uri.EscapeDataString(endpoint.ToString())}{options}");

    internal AzureObjectStore Open(string prefix = "volume", AzureStoreOptions? how = null) => AzureObjectStore.Open(Url(prefix), how ?? new AzureStoreOptions());
}
