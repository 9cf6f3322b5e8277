using System.Text.Json;
using HipaaFs.Platform;
using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>The golden vectors, which another implementation made: each is sealed again byte for byte, and opened.</summary>
public sealed class VectorTests
{
    [Fact]
    public void Segments_OfTheVectors_AreSealedAndOpenedAlike()
    {
        JsonElement vectors = Vectors.Load("segments");
        var header = new SegmentHeader(
            SegmentId.Read(vectors.Bytes("segment_id")), EpochId.Read(vectors.Bytes("epoch_id")), RecordClass.Data);
        foreach (JsonElement vector in vectors.GetProperty("segments").EnumerateArray())
        {
            byte[] expected = vector.Bytes("object");
            int length = vector.GetProperty("plaintext_length").GetInt32();
            SegmentRun[] runs = [.. vector.GetProperty("runs").EnumerateArray().Select(ReadRun)];

            Assert.Equal(expected, Seal(vectors.Bytes("root_key"), header, Vectors.Pattern(length), runs));
            Assert.Equal(Vectors.Pattern(length), Open(vectors.Bytes("root_key"), expected, runs));
        }
    }

    [Fact]
    public void Names_OfTheVectors_AreSealedAndOpenedAlike()
    {
        JsonElement vectors = Vectors.Load("names");
        using var names = new NameCodec(vectors.Bytes("name_secret"));
        byte[] opened = new byte[NameCodec.MaxNameLength];
        foreach (JsonElement entry in vectors.GetProperty("entries").EnumerateArray())
        {
            ulong parent = entry.GetProperty("parent").GetUInt64();
            byte[] name = entry.Bytes("name");
            NameTag tag = names.Tag(parent, name);

            Assert.Equal(NameTag.Read(entry.Bytes("tag")), tag);
            Assert.Equal(entry.Bytes("sealed"), names.Seal(parent, tag, name));
            Assert.True(names.TryOpen(parent, tag, entry.Bytes("sealed"), opened, out int length));
            Assert.Equal(name, opened[..length]);
        }

        foreach (JsonElement entry in vectors.GetProperty("attributes").EnumerateArray())
        {
            var kind = (SealedKind)entry.GetProperty("kind").GetByte();
            ulong inode = entry.GetProperty("inode").GetUInt64();

            Assert.Equal(entry.Bytes("sealed"), names.SealAttribute(kind, inode, entry.Bytes("name"), entry.Bytes("plaintext")));
            Assert.True(names.TryOpenAttribute(kind, inode, entry.Bytes("name"), entry.Bytes("sealed"), out byte[]? plaintext));
            Assert.Equal(entry.Bytes("plaintext"), plaintext);
        }
    }

    [Fact]
    public async Task KeyRing_OfTheVectors_OpensWithBothKeysAndEncodesAlike()
    {
        JsonElement vectors = Vectors.Load("keyring");
        using var directory = new TemporaryDirectory();
        var file = new FileKeyWrapper(directory.WritePrivate("key", vectors.GetProperty("key_file").GetString()!));
        using PassphraseKeyWrapper passphrase = Passphrase(vectors, "passphrase");
        byte[] bytes = vectors.Bytes("ring");

        foreach (IKeyWrapper key in new IKeyWrapper[] { file, passphrase })
        {
            using KeyRing ring = await Unlock(bytes, key);
            Assert.Equal(new Guid(vectors.Bytes("volume_id"), bigEndian: true), ring.VolumeId);
            Assert.Equal(bytes, ring.Encode());
            AssertRoots(vectors.GetProperty("root_keys"), ring);
            AssertNames(vectors.Bytes("name_secret"), ring);
        }
    }

    [Fact]
    public async Task KeyRing_WithADomainOfItsOwnKey_OpensInTwoSteps()
    {
        JsonElement vectors = Vectors.Load("keyring");
        using PassphraseKeyWrapper volume = Passphrase(vectors, "passphrase");
        using PassphraseKeyWrapper domain = Passphrase(vectors, "second_passphrase");
        byte[] bytes = vectors.Bytes("second_ring");
        using KeyRing ring = await Unlock(bytes, volume);

        AssertRoots(vectors.GetProperty("root_keys"), ring);
        Assert.Equal(KeyError.None, await ring.UnlockDomainsAsync(domain));
        AssertRoots(vectors.GetProperty("second_root_keys"), ring);
        Assert.Equal(bytes, ring.Encode());
    }

    private static byte[] Seal(byte[] rootKey, SegmentHeader header, byte[] plaintext, SegmentRun[] runs)
    {
        using var cipher = new SegmentCipher(rootKey, header);
        var index = new SegmentIndex(plaintext.Length, runs);
        int end = (int)SegmentFormat.FramesEnd(plaintext.Length);
        byte[] bytes = new byte[end + SegmentIndex.SealedLength(runs.Length) + SegmentFormat.TrailerSize];
        header.Write(bytes);
        for (int i = 0; i < index.FrameCount; i++)
        {
            byte[] frame = plaintext[(i * SegmentFormat.FrameSize)..Math.Min(plaintext.Length, (i + 1) * SegmentFormat.FrameSize)];
            cipher.SealFrame((ulong)i, frame, bytes.AsSpan((int)SegmentFormat.SealedFrameOffset(i)));
        }

        int length = cipher.SealIndex(index.FrameCount, index.Encode(), bytes.AsSpan(end));
        new SegmentTrailer((ulong)end, (uint)length).Write(bytes.AsSpan(end + length));
        return bytes;
    }

    private static byte[] Open(byte[] rootKey, byte[] bytes, SegmentRun[] runs)
    {
        Assert.True(SegmentHeader.TryRead(bytes, out SegmentHeader header, out _));
        Assert.True(SegmentTrailer.TryRead(bytes.AsSpan(bytes.Length - SegmentFormat.TrailerSize), out SegmentTrailer trailer));
        Assert.Equal((ulong)bytes.Length, trailer.ObjectLength);
        Assert.True(SegmentFormat.TryPlaintextLength((long)trailer.IndexOffset, out long length));

        using var cipher = new SegmentCipher(rootKey, header);
        ReadOnlySpan<byte> sealedIndex = bytes.AsSpan((int)trailer.IndexOffset, (int)trailer.IndexLength);
        Assert.True(cipher.TryOpenIndex((uint)SegmentFormat.FrameCount(length), sealedIndex, out byte[]? encoded));
        Assert.True(SegmentIndex.TryDecode(encoded, out SegmentIndex? index));
        Assert.Equal(length, index.PlaintextLength);
        Assert.Equal(runs, index.Runs);

        byte[] plaintext = new byte[length];
        for (int i = 0; i < index.FrameCount; i++)
        {
            Span<byte> frame = plaintext.AsSpan(i * SegmentFormat.FrameSize);
            frame = frame[..Math.Min(frame.Length, SegmentFormat.FrameSize)];
            ReadOnlySpan<byte> sealedFrame = bytes.AsSpan(
                (int)SegmentFormat.SealedFrameOffset(i), frame.Length + SegmentFormat.TagSize);
            Assert.True(cipher.TryOpenFrame((ulong)i, sealedFrame, frame));
        }

        return plaintext;
    }

    private static SegmentRun ReadRun(JsonElement run) =>
        new(run[0].GetUInt64(), run[1].GetInt64(), run[2].GetUInt32(), run[3].GetUInt32());

    private static PassphraseKeyWrapper Passphrase(JsonElement vectors, string property) =>
        new(System.Text.Encoding.UTF8.GetBytes(vectors.GetProperty(property).GetString()!), 1000);

    private static async Task<KeyRing> Unlock(byte[] bytes, IKeyWrapper key)
    {
        Assert.True(KeyRingDocument.TryParse(bytes, out KeyRingDocument? document, out _));
        KeyWrapResult<KeyRing> ring = await document.UnlockAsync(key);
        Assert.Equal(KeyError.None, ring.Error);
        return ring.Value!;
    }

    private static void AssertRoots(JsonElement roots, KeyRing ring)
    {
        foreach (JsonProperty root in roots.EnumerateObject())
        {
            Assert.True(EpochId.TryParse(root.Name, out EpochId epoch));
            Assert.Equal(Convert.FromHexString(root.Value.GetString()!), ring.RootKey(epoch).ToArray());
        }
    }

    private static void AssertNames(byte[] nameSecret, KeyRing ring)
    {
        using var expected = new NameCodec(nameSecret);
        using NameCodec names = ring.OpenNames(DomainId.Root);
        Assert.Equal(expected.Tag(1, "a"u8), names.Tag(1, "a"u8));
    }
}
