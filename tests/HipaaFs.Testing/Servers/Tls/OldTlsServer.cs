using System.Diagnostics;
using System.Globalization;
using HipaaFs.Testing.Mounts;

namespace HipaaFs.Testing.Servers.Tls;

/// <summary>A server that speaks TLS 1.1 and nothing newer: openssl's own, since .NET's offers no version that the system's settings forbid.</summary>
public sealed class OldTlsServer : IDisposable
{
    private const string Version = "-tls1_1";
    private const string Ciphers = "DEFAULT:@SECLEVEL=0"; // Its signatures are of SHA-1, which the levels above refuse.

    private readonly Process _process;
    private readonly string _address;

    private OldTlsServer(Process process, string address)
    {
        _process = process;
        _address = address;
    }

    /// <summary>Where clients find it.</summary>
    public Uri Endpoint => new($"https://{_address}");

    /// <summary>Starts it on a port of its own. Null when it does not run on this machine.</summary>
    public static async Task<OldTlsServer?> TryStartAsync(LoopbackCertificate certificate)
    {
        string address = "127.0.0.1:" + LoopbackPorts.FindRun(1).ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["s_server", "-accept", address, Version, "-cipher", Ciphers, "-cert", certificate.CertificatePath, "-key", certificate.KeyPath, "-www"];
        Process process;
        try
        {
            process = ChildProcess.Start("openssl", arguments, new ChildProcessOptions());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // There is no such program.
        }

        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "ACCEPT")
            {
                return new OldTlsServer(process, address);
            }
        }

        process.Dispose();
        return null;
    }

    /// <summary>Whether it answers who wants to speak its version: so that who is refused is refused for his own.</summary>
    public async Task<bool> AnswersAsync() =>
        (await ChildProcess.RunAsync("openssl", ["s_client", "-connect", _address, Version, "-cipher", Ciphers], new ChildProcessOptions { Input = "Q\n" })).ExitCode == 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
