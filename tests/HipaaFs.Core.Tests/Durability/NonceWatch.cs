using System.Collections.Concurrent;
using HipaaFs.Crypto;

namespace HipaaFs.Core.Tests.Durability;

/// <summary>Watches every sealing of the whole test run, crashes and injected faults included: one ciphertext for each (segment, kind, number), ever.</summary>
public sealed class NonceWatch : IDisposable
{
    private static readonly ConcurrentDictionary<(SegmentId Segment, SealKind Kind, ulong Number), UInt128> Seen = new();
    private static int s_violations;

    public NonceWatch() => NonceAudit.Observer = Observe;

    /// <summary>Sealings seen.</summary>
    public static int Count => Seen.Count;

    /// <summary>Nonces that sealed two things.</summary>
    public static int Violations => Volatile.Read(ref s_violations);

    public void Dispose()
    {
        NonceAudit.Observer = null;
        Assert.Equal(0, Violations);
    }

    private static void Observe(SegmentId segment, SealKind kind, ulong number, ReadOnlySpan<byte> ciphertextHash)
    {
        UInt128 hash = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(ciphertextHash);
        if (Seen.GetOrAdd((segment, kind, number), hash) != hash)
        {
            Interlocked.Increment(ref s_violations);
        }
    }
}
