using System.Collections.Concurrent;
using System.Security.Cryptography;
using Xunit;

namespace HipaaFs.Crypto.Tests;

public sealed class NonceAuditTests
{
    [Fact]
    public void Observer_WhileSealing_SeesEveryNonceOnce()
    {
        var header = new SegmentHeader(SegmentId.NewRandom(), EpochId.NewRandom(), RecordClass.Data);
        var seen = new ConcurrentQueue<(SegmentId Segment, SealKind Kind, ulong Number, string Hash)>();
        byte[] frame = new byte[17];
        byte[] index;
        NonceAudit.Observer = (segment, kind, number, hash) => seen.Enqueue((segment, kind, number, Convert.ToHexString(hash)));
        try
        {
            using var cipher = new SegmentCipher(new byte[32], header);
            cipher.SealFrame(0, "x"u8, frame);
            index = cipher.SealIndex(1, new byte[16]);
        }
        finally
        {
            NonceAudit.Observer = null;
        }

        // Other tests seal at the same time; only this segment is of interest.
        Assert.Equal(
            [
                (header.Segment, SealKind.Frame, 0UL, Convert.ToHexString(SHA256.HashData(frame))),
                (header.Segment, SealKind.Index, 1UL, Convert.ToHexString(SHA256.HashData(index))),
            ],
            seen.Where(sealing => sealing.Segment == header.Segment));
    }
}
