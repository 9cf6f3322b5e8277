using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Storage.S3.Tests;

public sealed class S3TlsTests : ObjectStoreTls
{
    protected override string MissingCode => "NoSuchKey";

    protected override IObjectStore OpenAdapter(Uri endpoint, string caFile)
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", CephCluster.AccessKey);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", CephCluster.SecretKey);
        var url = StoreUrl.Parse($"s3://bucket/volume?endpoint={Uri.EscapeDataString(endpoint.ToString())}&region=us-east-1&ca-file={Uri.EscapeDataString(caFile)}");
        return S3ObjectStore.Open(url, new S3StoreOptions(), TimeProvider.System, NullLogger.Instance);
    }
}
