using System.Security.Authentication;
using HipaaFs.Storage;
using HipaaFs.Testing.Servers.Tls;
using Xunit;

namespace HipaaFs.Testing.Storage;

/// <summary>Which versions of TLS an adapter of a server's store takes. An adapter's tests inherit this and say how to open it.</summary>
public abstract class ObjectStoreTls : IDisposable
{
    private readonly LoopbackCertificate _certificate = new();

    /// <summary>The store's word for an object that is not there.</summary>
    protected abstract string MissingCode { get; }

    public virtual void Dispose()
    {
        _certificate.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Server_OfTls12Or13Alone_IsTaken(SslProtocols version)
    {
        await using TlsServer server = TlsServer.Start(_certificate, version, MissingCode);

        StoreFailure? failure = await ReadAsync(server.Endpoint);

        Assert.Equal(StoreError.NotFound, failure?.Error); // It has answered.
        Assert.Equal([version], server.Spoken);
    }

    [Fact]
    public async Task Server_OfTls11Alone_IsRefusedAndSaysWhy()
    {
        using OldTlsServer? server = await OldTlsServer.TryStartAsync(_certificate);
        Assert.SkipUnless(server is not null && await server.AnswersAsync(), "there is no openssl on this machine that speaks TLS 1.1");

        StoreFailure? failure = await ReadAsync(server!.Endpoint);

        Assert.Equal(StoreError.Unavailable, failure?.Error);
        Assert.StartsWith("TLS", failure!.Detail, StringComparison.Ordinal);
        Assert.Contains("its TLS is older than 1.2", StoreAdvice.For(failure).Meaning, StringComparison.Ordinal);
    }

    /// <summary>Opens an adapter that reaches the server by an address and trusts a certificate.</summary>
    protected abstract IObjectStore OpenAdapter(Uri endpoint, string caFile);

    private async Task<StoreFailure?> ReadAsync(Uri endpoint)
    {
        await using IObjectStore store = OpenAdapter(endpoint, _certificate.CertificatePath);
        return (await store.ReadAsync(new ObjectKey("seg/ab/one"), EntityTag.Any, 0, new byte[9], default)).Failure;
    }
}
