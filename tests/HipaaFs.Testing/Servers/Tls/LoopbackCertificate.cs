using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Testing.Servers.Tls;

/// <summary>A certificate for servers on loopback that is its own authority, with its key, in memory and in files.</summary>
public sealed class LoopbackCertificate : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly RSA _key = RSA.Create(2048);

    /// <summary>Makes one that is valid from yesterday until tomorrow.</summary>
    public LoopbackCertificate()
    {
        var request = new CertificateRequest("CN=127.0.0.1", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(CertificatePath, Certificate.ExportCertificatePem());
        File.WriteAllText(KeyPath, _key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The certificate and its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The certificate's file, PEM; what a client is to trust.</summary>
    public string CertificatePath => _scratch["certificate.pem"];

    /// <summary>The key's file, PEM.</summary>
    public string KeyPath => _scratch["key.pem"];

    /// <inheritdoc/>
    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
        _scratch.Dispose();
    }
}
