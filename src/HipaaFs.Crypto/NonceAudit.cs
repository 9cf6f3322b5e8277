using System.Security.Cryptography;

namespace HipaaFs.Crypto;

/// <summary>Lets a test watch every nonce that is used in the process, to prove that each had one ciphertext.</summary>
public static class NonceAudit
{
    private static volatile NonceObserver? s_observer;

    /// <summary>Who watches; null, the default, costs nothing. It may be called from several threads at once.</summary>
    public static NonceObserver? Observer
    {
        get => s_observer;
        set => s_observer = value;
    }

    internal static void Report(SegmentId segment, SealKind kind, ulong number, ReadOnlySpan<byte> sealedBytes)
    {
        NonceObserver? observer = s_observer;
        if (observer is null)
        {
            return;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(sealedBytes, hash);
        observer(segment, kind, number, hash);
    }
}
