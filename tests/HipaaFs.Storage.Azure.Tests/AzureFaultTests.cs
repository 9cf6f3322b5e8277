using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Faults;
using HipaaFs.Testing.Storage;
using Xunit;

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

    // In the service's words; Azurite has none of them.
    [Theory]
    [InlineData("Signature not valid in the specified time frame: Start [Tue, 01 Jan 2030 00:00:00 GMT] - Expiry [Wed, 02 Jan 2030 00:00:00 GMT] - Current [Thu, 03 Jan 2030 00:00:00 GMT]", "the SAS token has expired, or does not begin yet")]
    [InlineData("Request date header too old: 'Tue, 01 Jan 2030 00:00:00 GMT'", "this machine's clock and the store's differ too much")]
    [InlineData("The MAC signature found in the HTTP request 'abc=' is not the same as any computed signature.", "the secret of the credentials is wrong")]
    [InlineData("Signature did not match. String to sign used was r", "the secret of the credentials is wrong")]
    [InlineData("Something that is said since", "it does not accept the credentials: they are wrong or have expired")]
    [InlineData(null, "it does not accept the credentials: they are wrong or have expired")]
    public async Task RefusedCredentials_AreToldApartWhereTheStoreDoes(string? detail, string meaning)
    {
        await PutContentAsync();
        Proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Status = 403, Code = "AuthenticationFailed", AuthenticationDetail = detail });

        foreach (StoreVerb verb in new[] { StoreVerb.Read, StoreVerb.Put, StoreVerb.List })
        {
            StoreFailure? failure = await RunAsync(Adapter, verb);
            Assert.Equal((StoreError.AccessDenied, meaning), (failure!.Error, StoreAdvice.For(failure).Meaning));
            Assert.DoesNotContain("abc=", failure.Detail, StringComparison.Ordinal); // Nothing that quotes the request goes on.
        }
    }
}
