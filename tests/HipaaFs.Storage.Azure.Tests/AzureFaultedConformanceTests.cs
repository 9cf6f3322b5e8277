using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Storage.Azure.Tests;

public sealed class AzureFaultedConformanceTests : FaultedStoreConformance
{
    private static readonly AzureStoreOptions InBlocks = new() { LongestSinglePut = 4 << 20, BlockLength = 4 << 20 };

    private readonly AzuriteServer _server;
    private AzuriteContainer? _container;

    public AzureFaultedConformanceTests(AzuriteServer server) => _server = server;

    protected override bool HasLocks => false; // Azurite has neither immutability policies nor legal holds: AzureLockTests.

    protected override async ValueTask<Uri> StartServerAsync()
    {
        _container = await AzuriteContainer.CreateAsync(_server);
        return _container.Server;
    }

    protected override IObjectStore OpenAdapter(Uri endpoint) => AzureObjectStore.Open(_container!.UrlBy(endpoint), InBlocks);
}
