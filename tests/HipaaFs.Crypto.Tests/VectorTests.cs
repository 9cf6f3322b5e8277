using System.Text.Json;
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

            Assert.Equal(expected, SegmentObject.Seal(vectors.Bytes("root_key"), header, Vectors.Pattern(length), runs));
            Assert.True(SegmentObject.TryOpen(vectors.Bytes("root_key"), expected, out byte[] plaintext, out SegmentIndex? index));
            Assert.Equal(Vectors.Pattern(length), plaintext);
            Assert.Equal(runs, index!.Runs);
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
