using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>The worked examples of docs/format.md, computed again.</summary>
public sealed partial class FormatDocumentTests : IDisposable
{
    private static readonly string Document = File.ReadAllText(Path.Combine(Vectors.Root, "docs", "format.md"));
    private static readonly byte[] RootKey = Count(0x20, 32);
    private static readonly byte[] NameSecret = Count(0x40, 32);
    private static readonly byte[] Plaintext = "protected health information"u8.ToArray();
    private static readonly SegmentHeader Header =
        new(SegmentId.Read(Count(0x00, 16)), EpochId.Read(Count(0xf0, 16)), RecordClass.Data);

    private readonly SegmentCipher _cipher = new(RootKey, Header);
    private readonly NameCodec _names = new(NameSecret);

    public void Dispose()
    {
        _cipher.Dispose();
        _names.Dispose();
    }

    [Fact]
    public void Segment_OfTheExample_IsWhatTheDocumentSays()
    {
        byte[] header = new byte[SegmentFormat.HeaderSize];
        byte[] frame = new byte[Plaintext.Length + SegmentFormat.TagSize];
        byte[] trailer = new byte[SegmentFormat.TrailerSize];
        byte[] index = new SegmentIndex(Plaintext.Length, [new SegmentRun(7, 0, (uint)Plaintext.Length, 0)]).Encode();
        Header.Write(header);
        _cipher.SealFrame(0, Plaintext, frame);
        byte[] sealedIndex = _cipher.SealIndex(1, index);
        new SegmentTrailer((ulong)(header.Length + frame.Length), (uint)sealedIndex.Length).Write(trailer);

        Assert.Equal(Example("header"), header);
        Assert.Equal(Example("frame"), frame);
        Assert.Equal(Example("index-encoded"), index);
        Assert.Equal(Example("index"), sealedIndex);
        Assert.Equal(Example("trailer"), trailer);
    }

    [Fact]
    public void SegmentKey_OfTheExample_SealsTheExamplesFrame()
    {
        byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, RootKey, 32, Count(0, 16), "hipaafs segment 1"u8.ToArray());
        byte[] nonce = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] opened = new byte[Plaintext.Length];
        using var aead = new AesGcm(key, 16);
        aead.Decrypt(nonce, Example("frame").AsSpan(0, opened.Length), Example("frame").AsSpan(opened.Length), opened, Example("header"));

        Assert.Equal(Example("segment-key"), key);
        Assert.Equal(Plaintext, opened);
    }

    [Fact]
    public void Names_OfTheExample_AreWhatTheDocumentSays()
    {
        byte[] keys = Example("name-keys");
        NameTag tag = _names.Tag(1, "NA12878.bam"u8);
        byte[] expected = Example("name");
        byte[] written = new byte[NameTag.Size];
        tag.Write(written);

        Assert.Equal(keys[..32], HKDF.DeriveKey(HashAlgorithmName.SHA256, NameSecret, 32, [], "hipaafs name tag 1"u8.ToArray()));
        Assert.Equal(keys[32..64], HKDF.DeriveKey(HashAlgorithmName.SHA256, NameSecret, 32, [], "hipaafs name siv 1"u8.ToArray()));
        Assert.Equal(keys[64..], HKDF.DeriveKey(HashAlgorithmName.SHA256, NameSecret, 32, [], "hipaafs name seal 1"u8.ToArray()));
        Assert.Equal(expected[..16], written);
        Assert.Equal(expected[16..60], HKDF.Expand(HashAlgorithmName.SHA256, keys[64..], 44, [.. "entry"u8, .. written]));
        Assert.Equal(expected[60..], _names.Seal(1, tag, "NA12878.bam"u8));
        Assert.Equal(Example("target"), _names.SealAttribute(SealedKind.SymlinkTarget, 5, [], "../reference/GRCh38.fa"u8));
    }

    [Fact]
    public void KeyFile_OfTheExample_IsAKey()
    {
        byte[] key = new byte[32];

        Assert.Equal(KeyError.None, KeyFile.TryRead(Encoding.ASCII.GetBytes(Block("text key-file")), key));
        Assert.Equal(Count(0x80, 32), key);
    }

    [Fact]
    public void RingPreamble_OfTheExample_BeginsTheVector() =>
        Assert.Equal(Example("ring-preamble"), Vectors.Load("keyring").Bytes("ring")[..104]);

    [Fact]
    public void Box_OfTheVector_OpensAsTheDocumentSays()
    {
        byte[] ring = Vectors.Load("keyring").Bytes("ring");
        byte[] guardKey = Vectors.Load("keyring").Bytes("guard_key");
        byte[] record = ring[(ring.Length - 64 - 100)..(ring.Length - 64)];
        byte[] sealingKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, guardKey, 32, record[24..40], "hipaafs ring key 1"u8.ToArray());
        byte[] key = new byte[32];

        Assert.True(KeyBox.TryOpen(sealingKey, record.AsSpan(40), [.. ring[16..32], .. record[..40]], key));
        Assert.Equal(RootKey, key);
    }

    [Theory]
    [InlineData("docs/format.md")]
    [InlineData("docs/threat-model.md")]
    public void Document_OfTheFormat_NamesTheNumbersOfTheCode(string path)
    {
        string text = File.ReadAllText(Path.Combine(Vectors.Root, path));

        Assert.Contains("600,000", text, StringComparison.Ordinal);
        Assert.Contains("100,000,000", text, StringComparison.Ordinal);
        Assert.Equal(600_000, PassphraseKeyWrapper.DefaultIterations);
        Assert.Equal(100_000_000, PassphraseKeyWrapper.MaxIterations);
    }

    private static byte[] Count(int from, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)(from + i);
        }

        return bytes;
    }

    private static byte[] Example(string name) => Convert.FromHexString(Whitespace().Replace(Block("hex " + name), string.Empty));

    private static string Block(string heading)
    {
        string opening = $"```{heading}\n";
        int start = Document.IndexOf(opening, StringComparison.Ordinal);
        Assert.True(start >= 0, $"docs/format.md has no block '{heading}'");
        start += opening.Length;
        return Document[start..Document.IndexOf("```", start, StringComparison.Ordinal)];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
