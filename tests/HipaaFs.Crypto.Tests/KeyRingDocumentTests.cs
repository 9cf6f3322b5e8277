using System.Buffers.Binary;
using System.Security.Cryptography;
using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>Everything that can be wrong with the bytes of a ring.</summary>
public sealed class KeyRingDocumentTests : IDisposable
{
    private readonly PassphraseKeyWrapper _key = new("one"u8, 1000);

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task TryParse_AnyBitFlipped_IsRefused()
    {
        byte[] document = await Document();
        for (int bit = 0; bit < document.Length * 8; bit++)
        {
            document[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(KeyRingDocument.TryParse(document, out _, out KeyRingError error), $"bit {bit}");
            Assert.Equal(bit < 64 ? KeyRingError.NotAKeyRing : KeyRingError.Damaged, error);
            document[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public async Task TryParse_EveryTruncation_IsToldApart()
    {
        byte[] document = await Document();
        for (int length = 1; length < document.Length; length++)
        {
            Assert.False(KeyRingDocument.TryParse(document.AsSpan(0, length), out _, out KeyRingError error));
            Assert.Equal(KeyRingError.Truncated, error);
        }

        Assert.False(KeyRingDocument.TryParse([], out _, out KeyRingError empty));
        Assert.Equal(KeyRingError.NotAKeyRing, empty);
    }

    [Fact]
    public async Task TryParse_MoreBytes_IsDamaged()
    {
        Assert.False(KeyRingDocument.TryParse([.. await Document(), 0], out _, out KeyRingError error));
        Assert.Equal(KeyRingError.Damaged, error);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(65535)]
    public async Task TryParse_ANewerFormat_IsToldApart(ushort format)
    {
        byte[] document = await Document();
        BinaryPrimitives.WriteUInt16LittleEndian(document.AsSpan(8), format);

        Assert.False(KeyRingDocument.TryParse(Rehash(document), out _, out KeyRingError error));
        Assert.Equal(KeyRingError.NewerFormat, error);
    }

    [Fact]
    public async Task TryParse_OtherBytes_AreNotAKeyRing()
    {
        byte[] document = await Document();
        document[0] = (byte)'h';

        Assert.False(KeyRingDocument.TryParse(Rehash(document), out _, out KeyRingError error));
        Assert.Equal(KeyRingError.NotAKeyRing, error);
    }

    [Fact]
    public async Task Unlock_AForgedDocument_NeverSucceedsAndNeverThrows()
    {
        byte[] original = await Document();
        var outcomes = new HashSet<KeyError>();
        for (int offset = 8; offset < original.Length - 64; offset++)
        {
            byte[] forged = [.. original];
            forged[offset] ^= 0x11;
            Rehash(forged);
            if (forged.AsSpan().SequenceEqual(original))
            {
                continue; // The byte was part of a checksum.
            }

            if (KeyRingDocument.TryParse(forged, out KeyRingDocument? document, out _))
            {
                KeyWrapResult<KeyRing> ring = await document.UnlockAsync(_key);
                Assert.False(ring.Succeeded, $"byte {offset}");
                outcomes.Add(ring.Error);
            }
        }

        Assert.Contains(KeyError.RingNotAuthentic, outcomes);
        Assert.Contains(KeyError.WrongKey, outcomes);
    }

    [Fact]
    public async Task Unlock_AForgedAuthenticationCode_IsNotAuthentic()
    {
        byte[] document = await Document();
        document[^40] ^= 1;

        Assert.True(KeyRingDocument.TryParse(Rehash(document), out KeyRingDocument? parsed, out _));
        Assert.Equal(KeyError.RingNotAuthentic, (await parsed.UnlockAsync(_key)).Error);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(84)]
    [InlineData(88)]
    public async Task TryParse_CountsBeyondTheDocument_AreRefused(int offset)
    {
        byte[] document = await Document();
        foreach (uint count in new[] { 0u, 2u, 1000u, uint.MaxValue })
        {
            if (count == BinaryPrimitives.ReadUInt32LittleEndian(document.AsSpan(offset)))
            {
                continue;
            }

            byte[] forged = [.. document];
            BinaryPrimitives.WriteUInt32LittleEndian(forged.AsSpan(offset), count);
            Assert.False(KeyRingDocument.TryParse(Rehash(forged), out _, out KeyRingError error));
            Assert.Equal(KeyRingError.Damaged, error);
        }
    }

    [Fact]
    public async Task TryParse_ADocument_ShowsItsOutline()
    {
        byte[] bytes = await Document();

        Assert.True(KeyRingDocument.TryParse(bytes, out KeyRingDocument? document, out KeyRingError error));
        Assert.Equal(KeyRingError.None, error);
        Assert.Equal(1UL, document.Generation);
        Assert.Equal(bytes, document.Bytes.ToArray());
        Assert.Equal("label", Assert.Single(document.Wraps).Label);
        Assert.InRange(document.Created, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
    }

    // What someone without the key can do after changing bytes: make both checksums right again.
    private static byte[] Rehash(byte[] document)
    {
        SHA256.HashData(document.AsSpan(0, 96)).AsSpan(0, 8).CopyTo(document.AsSpan(96));
        SHA256.HashData(document.AsSpan(0, document.Length - 32)).CopyTo(document.AsSpan(document.Length - 32));
        return document;
    }

    private async Task<byte[]> Document()
    {
        using KeyRing ring = KeyRing.Create(Guid.NewGuid());
        await ring.AddWrapAsync(_key, "label");
        return ring.Encode();
    }
}
