using System.Security.Cryptography;

namespace HipaaFs.Cli.Transfer;

/// <summary>What is told of a file while it is copied, and what it must be.</summary>
/// <param name="Expected">SHA-256 that a manifest names; empty when none does.</param>
/// <param name="Copied">Told the bytes of every chunk, from any thread.</param>
internal readonly record struct CopyCheck(ReadOnlyMemory<byte> Expected, Action<long> Copied)
{
    /// <summary>Refuses content that is not what the manifest names.</summary>
    /// <exception cref="TransferException">It is other content.</exception>
    public void Verify(ReadOnlySpan<byte> sha256)
    {
        if (!Expected.IsEmpty && !CryptographicOperations.FixedTimeEquals(Expected.Span, sha256))
        {
            throw new TransferException("its content is not what the manifest of the source says");
        }
    }
}
