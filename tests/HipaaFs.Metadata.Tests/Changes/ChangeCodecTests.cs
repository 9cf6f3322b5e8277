using HipaaFs.Crypto;
using HipaaFs.Metadata.Changes;
using Xunit;

namespace HipaaFs.Metadata.Tests.Changes;

public sealed class ChangeCodecTests
{
    private static readonly RowChange[] Every =
    [
        new InodeChange(ChangeKind.Upsert, new InodeAttributes
        {
            Id = new InodeId(2), Version = 3, Mode = ModeBits.File | 0x1A4, Uid = 4, Gid = 5, LinkCount = 6, Device = 7,
            Domain = new DomainId(8), Placement = 9, Flags = InodeFlags.HasXattrs, Size = 10, AllocatedBytes = 11,
            AccessTime = new(-1), ModifyTime = new(13), ChangeTime = new(14), BirthTime = new(15),
        }, new Lifetime(16)),
        new InodeChange(ChangeKind.Tombstone, new InodeAttributes { Id = new InodeId(3) }, default),
        new EntryChange(ChangeKind.Tombstone, new InodeId(1), new EntryName(new NameTag(6), default), default, default),
        new ExtentChange(ChangeKind.Upsert, new InodeId(2), new Extent(100, 200, new SegmentId(7), 300), new Lifetime(1)),
        new ExtentChange(ChangeKind.Past, new InodeId(2), new Extent(100, 200, new SegmentId(7), 300), new Lifetime(1, 2)),
        new SegmentChange(ChangeKind.Upsert, new SegmentRow
        {
            Id = new SegmentId(7), Epoch = new EpochId(8), Domain = new DomainId(9), Class = RecordClass.Data,
            State = SegmentState.Live, PlaintextLength = 10, ObjectLength = 11, Created = new(12), Changed = new(13), Placement = 14, Copies = 0x8000_0000_0000_0005,
        }),
        new OrphanChange(ChangeKind.Upsert, new OrphanRow(new InodeId(2), new SessionId(3))),
        new SessionChange(ChangeKind.Upsert, new SessionRow(new SessionId(3), "höst", -4, new(5), new Timestamp(6))),
        new SessionChange(ChangeKind.Upsert, new SessionRow(new SessionId(4), "", 4, new(5), null)),
        new CounterChange(ChangeKind.Upsert, VolumeCounter.NextInode, 99),
    ];

    private static readonly SegmentRow Documented = new()
    {
        Id = new SegmentId(new UInt128(0x0001020304050607, 0x08090A0B0C0D0E0F)),
        Epoch = new EpochId(new UInt128(0xF0F1F2F3F4F5F6F7, 0xF8F9FAFBFCFDFEFF)),
        Class = RecordClass.Data,
        State = SegmentState.Live,
        Placement = 2,
        PlaintextLength = 28,
        ObjectLength = 196,
        Created = new(1_735_689_600_000_000_000),
        Changed = new(1_735_689_601_000_000_000),
        Copies = 5,
    };

    private const string DocumentedRow = "000102030405060708090A0B0C0D0E0F" + "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF" + "00000000" + "01" + "02" + "0000"
        + "02000000" + "1C00000000000000" + "C400000000000000" + "000057C07E681618" + "00CAF1FB7E681618";

    [Fact]
    public void Decode_AfterEncode_GivesTheSameRows()
    {
        ChangeBatch batch = ChangeCodec.Encode(new(1), new(2), Every);

        Assert.True(ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? decoded));
        Assert.Equal(Every, decoded);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(150)]
    [InlineData(1 << 20)]
    public void Split_Batch_GivesTheSameRowsInOrderAndNoPieceIsTooLong(int maxLength)
    {
        ChangeBatch batch = ChangeCodec.Encode(new(1), new(2), Every);
        var decoded = new List<RowChange>();
        foreach (ChangeBatch piece in ChangeCodec.Split(batch, maxLength))
        {
            Assert.True(ChangeCodec.TryDecode(piece.Encoded, out IReadOnlyList<RowChange>? rows));
            Assert.True(piece.Encoded.Length <= maxLength || rows.Count == 1);
            Assert.Equal((batch.First, batch.Last), (piece.First, piece.Last));
            decoded.AddRange(rows);
        }

        Assert.Equal(Every, decoded);
    }

    [Fact]
    public void Split_WhatIsNoBatch_IsStillNone()
    {
        byte[] cut = ChangeCodec.Encode(new(1), new(2), Every).Encoded[..^1].ToArray();

        Assert.False(ChangeCodec.TryDecode(ChangeCodec.Split(new ChangeBatch(default, default, cut), 150).Last().Encoded, out _));
        Assert.Equal(new byte[3], Assert.Single(ChangeCodec.Split(new ChangeBatch(default, default, new byte[3]), 150)).Encoded.ToArray());
    }

    [Fact]
    public void Decode_RowsWithBytes_GivesTheSameBytes()
    {
        RowChange[] rows =
        [
            new EntryChange(ChangeKind.Upsert, new(1), new EntryName(new NameTag(5), new byte[] { 1, 2 }), new(2), new Lifetime(1)),
            new EntryChange(ChangeKind.Past, new(1), new EntryName(new NameTag(5), new byte[] { 1, 2 }), new(2), new Lifetime(1, 9)),
            new XattrChange(ChangeKind.Upsert, new(2), new SealedXattr(new NameTag(6), new byte[] { 3 }, Array.Empty<byte>()), new Lifetime(1)),
            new SymlinkChange(ChangeKind.Upsert, new(3), new byte[] { 4, 5, 6 }, new Lifetime(1)),
            new SnapshotChange(ChangeKind.Upsert, new SnapshotRow(new(7), new(8), new byte[] { 9 })),
            new SettingChange(ChangeKind.Upsert, "key", new byte[] { 10 }),
        ];
        ChangeBatch batch = ChangeCodec.Encode(default, default, rows);

        Assert.True(ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? decoded));
        Assert.Equal([1, 2], Assert.IsType<EntryChange>(decoded[0]).Name.Sealed.ToArray());
        Assert.Equal([3], Assert.IsType<XattrChange>(decoded[2]).Xattr.SealedName.ToArray());
        Assert.Equal([4, 5, 6], Assert.IsType<SymlinkChange>(decoded[3]).Target.ToArray());
        Assert.Equal([9], Assert.IsType<SnapshotChange>(decoded[4]).Snapshot.Label.ToArray());
        Assert.Equal("key", Assert.IsType<SettingChange>(decoded[5]).Key);
        Assert.Equal(batch.Encoded.ToArray(), ChangeCodec.Encode(default, default, decoded).Encoded.ToArray());
    }

    [Fact]
    public void Encode_OneBatch_IsTheDocumentedBytes()
    {
        ChangeBatch batch = ChangeCodec.Encode(new(0x0102), new(0x0304),
        [
            new EntryChange(ChangeKind.Upsert, new(1), new EntryName(new NameTag(new UInt128(0x0102030405060708, 9)), new byte[] { 0xAA, 0xBB }), new(2), new Lifetime(3)),
            new InodeChange(ChangeKind.Tombstone, new InodeAttributes { Id = new InodeId(0x0A0B) }, default),
        ]);

        const string expected = "48465343" + "0100" + "0000" + "0201000000000000" + "0403000000000000" + "02000000"
            + "02" + "01" + "2E000000" + "0100000000000000" + "01020304050607080000000000000009"
            + "0300000000000000" + "0200000000000000" + "02000000" + "AABB"
            + "01" + "02" + "08000000" + "0B0A000000000000";
        Assert.Equal(expected, Convert.ToHexString(batch.Encoded.Span));
    }

    [Fact]
    public void Encode_DataThatMoved_IsTheDocumentedBytes()
    {
        var segment = new SegmentId(new UInt128(0xA0A1A2A3A4A5A6A7, 0xA8A9AAABACADAEAF));
        ChangeBatch batch = ChangeCodec.Encode(new(13), new(13),
        [
            new ExtentChange(ChangeKind.Upsert, new(7), new Extent(0, 4096, segment, 0), new Lifetime(1)),
            new ExtentChange(ChangeKind.Past, new(7), new Extent(4096, 4096, segment, 4096), new Lifetime(1, 2)),
        ]);

        const string expected = "48465343" + "0100" + "0000" + "0D00000000000000" + "0D00000000000000" + "02000000"
            + "05" + "01" + "38000000" + "0700000000000000" + "0000000000000000"
            + "0100000000000000" + "0010000000000000" + "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF" + "0000000000000000"
            + "05" + "03" + "40000000" + "0700000000000000" + "0010000000000000"
            + "0100000000000000" + "0010000000000000" + "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF" + "0010000000000000" + "0200000000000000";
        Assert.Equal(expected, Convert.ToHexString(batch.Encoded.Span));
    }

    [Fact]
    public void Encode_Segment_IsTheDocumentedBytes()
    {
        ChangeBatch batch = ChangeCodec.Encode(new(14), new(14), [new SegmentChange(ChangeKind.Upsert, Documented)]);

        Assert.Equal(
            "48465343" + "0100" + "0000" + "0E00000000000000" + "0E00000000000000" + "01000000" + "06" + "01" + "54000000" + DocumentedRow + "0500000000000000",
            Convert.ToHexString(batch.Encoded.Span));
    }

    [Theory]
    [InlineData(SegmentState.Staged, 0)]
    [InlineData(SegmentState.Live, 1)]
    [InlineData(SegmentState.Condemned, 1)]
    public void Decode_SegmentOfAnOlderWriter_IsInStoreZeroWhenItIsInAny(SegmentState state, ulong copies)
    {
        byte[] encoded = ChangeCodec.Encode(default, default, [new SegmentChange(ChangeKind.Upsert, Documented with { State = state })]).Encoded.ToArray();
        encoded[ChangeCodec.HeaderSize + 2] -= 8;

        Assert.True(ChangeCodec.TryDecode(encoded.AsMemory(0, encoded.Length - 8), out IReadOnlyList<RowChange>? decoded));
        Assert.Equal(Documented with { State = state, Copies = copies }, Assert.IsType<SegmentChange>(Assert.Single(decoded)).Segment);

        // A part of the field is no row of any writer.
        encoded[ChangeCodec.HeaderSize + 2] += 7;
        Assert.False(ChangeCodec.TryDecode(encoded.AsMemory(0, encoded.Length - 1), out _));
    }

    [Fact]
    public void Encode_Inode_HasTheDocumentedLength()
    {
        ChangeBatch batch = ChangeCodec.Encode(default, default, [Every[0]]);

        Assert.Equal(ChangeCodec.HeaderSize + 6 + 8 + 96, batch.Encoded.Length);
    }

    [Fact]
    public void Decode_CutAnywhere_IsRefused()
    {
        byte[] encoded = ChangeCodec.Encode(new(1), new(2), Every).Encoded.ToArray();

        for (int length = 0; length < encoded.Length; length++)
        {
            Assert.False(ChangeCodec.TryDecode(encoded.AsMemory(0, length), out _));
        }

        Assert.False(ChangeCodec.TryDecode(new byte[encoded.Length], out _));
    }

    [Fact]
    public void Decode_AnyByteChanged_NeverThrows()
    {
        byte[] encoded = ChangeCodec.Encode(new(1), new(2), Every).Encoded.ToArray();

        for (int i = 0; i < encoded.Length; i++)
        {
            for (int value = 0; value < 256; value += 51)
            {
                byte[] changed = [.. encoded];
                changed[i] = (byte)value;
                _ = ChangeCodec.TryDecode(changed, out _);
            }
        }
    }

    [Fact]
    public void Decode_LongerRowOfALaterVersion_ReadsWhatItKnows()
    {
        byte[] encoded = ChangeCodec.Encode(default, default, [Every[^1]]).Encoded.ToArray();
        byte[] longer = [.. encoded, 1, 2, 3];
        longer[ChangeCodec.HeaderSize + 2] += 3;

        Assert.True(ChangeCodec.TryDecode(longer, out IReadOnlyList<RowChange>? decoded));
        Assert.Equal(Every[^1], Assert.Single(decoded));
    }
}
