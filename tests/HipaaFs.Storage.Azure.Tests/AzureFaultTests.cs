using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Storage.Azure.Tests;

public sealed class AzureFaultTests : ObjectStoreFaults
{
    private readonly AzuriteServer _server;
    private AzuriteContainer? _container;

    public AzureFaultTests(AzuriteServer server) => _server = server;

    protected override string ExpiredCode => "AuthenticationFailed"; // Azure has no word of its own for it, nor for the next.

    protected override string BusyCode => "ServerBusy";

    protected override string SkewedCode => "AuthenticationFailed";

    protected override async ValueTask<Uri> StartServerAsync()
    {
        _container = await AzuriteContainer.CreateAsync(_server);
        return _container.Server;
    }

    protected override IObjectStore OpenAdapter(Uri endpoint, string options = "") =>
        AzureObjectStore.Open(_container!.UrlBy(endpoint, options), new AzureStoreOptions());
}
