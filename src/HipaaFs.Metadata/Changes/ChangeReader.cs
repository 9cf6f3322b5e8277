using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using HipaaFs.Crypto;

namespace HipaaFs.Metadata.Changes;

/// <summary>Takes one encoded batch apart. The layout is that of <see cref="ChangeCodec"/>.</summary>
/// <remarks>Reading past the end of a change clears <see cref="_ok"/> and gives zeros from then on; nothing throws on bad input.</remarks>
internal ref struct ChangeReader
{
    private const int ChangeHeaderSize = 6;

    private readonly ReadOnlyMemory<byte> _source;
    private int _position;
    private bool _ok = true;

    private ChangeReader(ReadOnlyMemory<byte> source) => _source = source;

    public static bool TryRead(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out IReadOnlyList<RowChange>? changes)
    {
        changes = null;
        ReadOnlySpan<byte> header = encoded.Span;
        if (header.Length < ChangeCodec.HeaderSize || !header.StartsWith("HFSC"u8)
            || BinaryPrimitives.ReadUInt16LittleEndian(header[4..]) != ChangeCodec.Version)
        {
            return false;
        }

        uint count = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        ReadOnlyMemory<byte> rest = encoded[ChangeCodec.HeaderSize..];
        if (count > rest.Length / ChangeHeaderSize)
        {
            return false;
        }

        var read = new List<RowChange>((int)count);
        for (uint i = 0; i < count; i++)
        {
            if (!TryReadChange(ref rest, out RowChange? change))
            {
                return false;
            }

            read.Add(change);
        }

        changes = read;
        return rest.IsEmpty;
    }

    /// <summary>Where the change that begins at a place ends. False at the end of the batch, and where there is no whole change.</summary>
    public static bool TryFindEnd(ReadOnlySpan<byte> encoded, int start, out int end)
    {
        end = start;
        ReadOnlySpan<byte> rest = encoded[start..];
        if (rest.Length < ChangeHeaderSize)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest[2..]);
        if (length > rest.Length - ChangeHeaderSize)
        {
            return false;
        }

        end = start + ChangeHeaderSize + (int)length;
        return true;
    }

    private static bool TryReadChange(ref ReadOnlyMemory<byte> rest, [NotNullWhen(true)] out RowChange? change)
    {
        change = null;
        ReadOnlySpan<byte> header = rest.Span;
        if (header.Length < ChangeHeaderSize)
        {
            return false;
        }

        var table = (ChangeTable)header[0];
        var kind = (ChangeKind)header[1];
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[2..]);
        if (length > header.Length - ChangeHeaderSize || kind is < ChangeKind.Upsert or > ChangeKind.Past)
        {
            return false;
        }

        var reader = new ChangeReader(rest.Slice(ChangeHeaderSize, (int)length));
        change = reader.ReadRow(table, kind);
        rest = rest[(ChangeHeaderSize + (int)length)..];
        return change is not null && reader._ok;
    }

    private RowChange? ReadRow(ChangeTable table, ChangeKind kind) => table switch
    {
        ChangeTable.Inode => ReadInode(kind),
        ChangeTable.Entry => ReadEntry(kind),
        ChangeTable.Xattr => ReadXattr(kind),
        ChangeTable.Symlink => ReadSymlink(kind),
        ChangeTable.Extent => ReadExtent(kind),
        ChangeTable.Segment => ReadSegment(kind),
        ChangeTable.Orphan => ReadOrphan(kind),
        ChangeTable.Session => ReadSession(kind),
        ChangeTable.Snapshot => ReadSnapshot(kind),
        ChangeTable.Setting => ReadSetting(kind),
        ChangeTable.Counter => ReadCounter(kind),
        _ => null,
    };

    private InodeChange ReadInode(ChangeKind kind)
    {
        var inode = new InodeAttributes { Id = new InodeId(U64()) };
        if (kind == ChangeKind.Tombstone)
        {
            return new InodeChange(kind, inode, default);
        }

        ulong born = U64();
        inode = inode with
        {
            Version = U64(),
            Mode = U32(),
            Uid = U32(),
            Gid = U32(),
            LinkCount = U32(),
            Device = U32(),
            Domain = new DomainId(U32()),
            Placement = U32(),
            Flags = (InodeFlags)U32(),
            Size = I64(),
            AllocatedBytes = I64(),
            AccessTime = Time(),
            ModifyTime = Time(),
            ChangeTime = Time(),
            BirthTime = Time(),
        };
        return new InodeChange(kind, inode, new Lifetime(born, Died(kind)));
    }

    private EntryChange ReadEntry(ChangeKind kind)
    {
        var parent = new InodeId(U64());
        var tag = new NameTag(U128());
        if (kind == ChangeKind.Tombstone)
        {
            return new EntryChange(kind, parent, new EntryName(tag, default), default, default);
        }

        ulong born = U64();
        var inode = new InodeId(U64());
        ReadOnlyMemory<byte> sealedName = Bytes();
        return new EntryChange(kind, parent, new EntryName(tag, sealedName), inode, new Lifetime(born, Died(kind)));
    }

    private XattrChange ReadXattr(ChangeKind kind)
    {
        var inode = new InodeId(U64());
        var tag = new NameTag(U128());
        if (kind == ChangeKind.Tombstone)
        {
            return new XattrChange(kind, inode, new SealedXattr(tag, default, default), default);
        }

        ulong born = U64();
        ReadOnlyMemory<byte> name = Bytes();
        ReadOnlyMemory<byte> value = Bytes();
        return new XattrChange(kind, inode, new SealedXattr(tag, name, value), new Lifetime(born, Died(kind)));
    }

    private SymlinkChange ReadSymlink(ChangeKind kind)
    {
        var inode = new InodeId(U64());
        if (kind == ChangeKind.Tombstone)
        {
            return new SymlinkChange(kind, inode, default, default);
        }

        ulong born = U64();
        ReadOnlyMemory<byte> target = Bytes();
        return new SymlinkChange(kind, inode, target, new Lifetime(born, Died(kind)));
    }

    private ExtentChange ReadExtent(ChangeKind kind)
    {
        var inode = new InodeId(U64());
        long offset = I64();
        if (kind == ChangeKind.Tombstone)
        {
            return new ExtentChange(kind, inode, new Extent(offset, 0, default, 0), default);
        }

        ulong born = U64();
        long length = I64();
        var segment = new SegmentId(U128());
        var extent = new Extent(offset, length, segment, I64());
        return new ExtentChange(kind, inode, extent, new Lifetime(born, Died(kind)));
    }

    private SegmentChange ReadSegment(ChangeKind kind)
    {
        var segment = new SegmentRow { Id = new SegmentId(U128()) };
        if (kind == ChangeKind.Tombstone)
        {
            return new SegmentChange(kind, segment);
        }

        segment = segment with
        {
            Epoch = new EpochId(U128()),
            Domain = new DomainId(U32()),
            Class = (RecordClass)U8(),
            State = (SegmentState)U8(),
        };
        _ = Take(2);
        segment = segment with
        {
            Placement = U32(),
            PlaintextLength = I64(),
            ObjectLength = I64(),
            Created = Time(),
            Changed = Time(),
        };
        return new SegmentChange(kind, segment with { Copies = Copies(segment.State) });
    }

    // Rows ended before them as long as there was one store.
    private ulong Copies(SegmentState state) =>
        _position < _source.Length ? U64()
        : state == SegmentState.Staged ? 0
        : SegmentCopies.Own;

    private OrphanChange ReadOrphan(ChangeKind kind)
    {
        var inode = new InodeId(U64());
        return new OrphanChange(kind, new OrphanRow(inode, new SessionId(kind == ChangeKind.Tombstone ? 0 : U64())));
    }

    private SessionChange ReadSession(ChangeKind kind)
    {
        var id = new SessionId(U64());
        if (kind == ChangeKind.Tombstone)
        {
            return new SessionChange(kind, new SessionRow(id, string.Empty, 0, default, null));
        }

        int process = (int)U32();
        bool closed = U8() != 0;
        _ = Take(3);
        Timestamp opened = Time();
        Timestamp ended = Time();
        return new SessionChange(kind, new SessionRow(id, Text(), process, opened, closed ? ended : null));
    }

    private SnapshotChange ReadSnapshot(ChangeKind kind)
    {
        var id = new SnapshotId(U64());
        if (kind == ChangeKind.Tombstone)
        {
            return new SnapshotChange(kind, new SnapshotRow(id, default, default));
        }

        Timestamp created = Time();
        return new SnapshotChange(kind, new SnapshotRow(id, created, Bytes()));
    }

    private SettingChange ReadSetting(ChangeKind kind)
    {
        string key = Text();
        return new SettingChange(kind, key, kind == ChangeKind.Tombstone ? default : Bytes());
    }

    private CounterChange ReadCounter(ChangeKind kind)
    {
        var counter = (VolumeCounter)U32();
        return new CounterChange(kind, counter, kind == ChangeKind.Tombstone ? 0 : U64());
    }

    private ulong Died(ChangeKind kind) => kind == ChangeKind.Past ? U64() : 0;

    private byte U8() => Take(1) is { Length: 1 } bytes ? bytes.Span[0] : (byte)0;

    private uint U32() => Take(4) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span) : 0;

    private ulong U64() => Take(8) is { Length: 8 } bytes ? BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span) : 0;

    private long I64() => (long)U64();

    private Timestamp Time() => new(I64());

    private UInt128 U128() => Take(16) is { Length: 16 } bytes ? BinaryPrimitives.ReadUInt128BigEndian(bytes.Span) : 0;

    private ReadOnlyMemory<byte> Bytes()
    {
        uint length = U32();
        return length <= int.MaxValue ? Take((int)length) : Take(int.MaxValue);
    }

    private string Text() => Encoding.UTF8.GetString(Bytes().Span);

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (!_ok || _source.Length - _position < count)
        {
            _ok = false;
            return default;
        }

        ReadOnlyMemory<byte> taken = _source.Slice(_position, count);
        _position += count;
        return taken;
    }
}
