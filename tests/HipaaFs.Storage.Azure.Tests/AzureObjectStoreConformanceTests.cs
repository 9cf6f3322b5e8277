using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Storage.Azure.Tests;

public sealed class AzureObjectStoreConformanceTests : ObjectStoreConformance
{
    private readonly AzuriteServer _server;
    private AzuriteContainer? _container;

    public AzureObjectStoreConformanceTests(AzuriteServer server) => _server = server;

    protected override bool HasLocks => false; // Azurite has neither immutability policies nor legal holds: AzureLockTests.

    protected override async ValueTask<IObjectStore> OpenAsync()
    {
        _container ??= await AzuriteContainer.CreateAsync(_server);
        return _container.Open();
    }
}
