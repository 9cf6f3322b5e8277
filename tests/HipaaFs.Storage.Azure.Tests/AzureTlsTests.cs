using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Storage.Azure.Tests;

public sealed class AzureTlsTests : ObjectStoreTls
{
    protected override string MissingCode => "BlobNotFound";

    protected override IObjectStore OpenAdapter(Uri endpoint, string caFile)
    {
        Environment.SetEnvironmentVariable("AZURE_STORAGE_KEY", AzuriteServer.Key);
        var url = StoreUrl.Parse($"azblob://{AzuriteServer.Account}/container/volume?endpoint={Uri.EscapeDataString(endpoint.ToString())}&ca-file={Uri.EscapeDataString(caFile)}");
        return AzureObjectStore.Open(url, new AzureStoreOptions());
    }
}
