using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace HipaaFs.Metadata.Changes;

/// <summary>Builds one encoded batch, change by change. The layout is that of <see cref="ChangeCodec"/>.</summary>
/// <remarks>Not thread-safe. After <see cref="Finish"/> it is empty and can be used again.</remarks>
internal sealed class ChangeWriter
{
    private const int ChangeHeaderSize = 6;
    private const int MaxKeptBuffer = 1 << 20;

    private byte[] _buffer = new byte[4096];
    private int _length = ChangeCodec.HeaderSize;
    private int _changeStart;
    private uint _count;

    /// <summary>Bytes the batch would have now.</summary>
    public int Length => _length;

    /// <summary>Changes in it.</summary>
    public uint Count => _count;

    /// <summary>Ends the batch and hands out its bytes.</summary>
    public byte[] Finish(CommitSequence first, CommitSequence last)
    {
        Span<byte> header = _buffer.AsSpan(0, ChangeCodec.HeaderSize);
        header.Clear();
        "HFSC"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], ChangeCodec.Version);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], first.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], last.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(header[24..], _count);
        byte[] encoded = _buffer.AsSpan(0, _length).ToArray();
        Clear();
        return encoded;
    }

    /// <summary>Drops what was written.</summary>
    public void Clear()
    {
        _length = ChangeCodec.HeaderSize;
        _count = 0;
        if (_buffer.Length > MaxKeptBuffer)
        {
            _buffer = new byte[MaxKeptBuffer];
        }
    }

    /// <summary>Appends a change of any table.</summary>
    public void Write(RowChange change)
    {
        switch (change)
        {
            case InodeChange c: WriteInode(c.Kind, c.Inode, c.Lifetime); break;
            case EntryChange c: WriteEntry(c.Kind, c.Parent, c.Name, c.Inode, c.Lifetime); break;
            case XattrChange c: WriteXattr(c.Kind, c.Inode, c.Xattr, c.Lifetime); break;
            case SymlinkChange c: WriteSymlink(c.Kind, c.Inode, c.Target.Span, c.Lifetime); break;
            case ExtentChange c: WriteExtent(c.Kind, c.Inode, c.Extent, c.Lifetime); break;
            case SegmentChange c: WriteSegment(c.Kind, c.Segment); break;
            case OrphanChange c: WriteOrphan(c.Kind, c.Orphan); break;
            case SessionChange c: WriteSession(c.Kind, c.Session); break;
            case SnapshotChange c: WriteSnapshot(c.Kind, c.Snapshot); break;
            case SettingChange c: WriteSetting(c.Kind, c.Key, c.Value.Span); break;
            case CounterChange c: WriteCounter(c.Kind, c.Counter, c.Value); break;
            default: throw new UnreachableException();
        }
    }

    public void WriteInode(ChangeKind kind, in InodeAttributes inode, Lifetime lifetime)
    {
        Begin(ChangeTable.Inode, kind);
        PutU64(inode.Id.Value);
        if (kind != ChangeKind.Tombstone)
        {
            PutU64(lifetime.Born);
            PutU64(inode.Version);
            PutU32(inode.Mode);
            PutU32(inode.Uid);
            PutU32(inode.Gid);
            PutU32(inode.LinkCount);
            PutU32(inode.Device);
            PutU32(inode.Domain.Value);
            PutU32(inode.Placement);
            PutU32((uint)inode.Flags);
            PutI64(inode.Size);
            PutI64(inode.AllocatedBytes);
            PutI64(inode.AccessTime.Nanoseconds);
            PutI64(inode.ModifyTime.Nanoseconds);
            PutI64(inode.ChangeTime.Nanoseconds);
            PutI64(inode.BirthTime.Nanoseconds);
        }

        End(kind, lifetime.Died);
    }

    public void WriteEntry(ChangeKind kind, InodeId parent, EntryName name, InodeId inode, Lifetime lifetime)
    {
        Begin(ChangeTable.Entry, kind);
        PutU64(parent.Value);
        PutU128(name.Tag.Value);
        if (kind != ChangeKind.Tombstone)
        {
            PutU64(lifetime.Born);
            PutU64(inode.Value);
            PutBytes(name.Sealed.Span);
        }

        End(kind, lifetime.Died);
    }

    public void WriteXattr(ChangeKind kind, InodeId inode, in SealedXattr xattr, Lifetime lifetime)
    {
        Begin(ChangeTable.Xattr, kind);
        PutU64(inode.Value);
        PutU128(xattr.Tag.Value);
        if (kind != ChangeKind.Tombstone)
        {
            PutU64(lifetime.Born);
            PutBytes(xattr.SealedName.Span);
            PutBytes(xattr.SealedValue.Span);
        }

        End(kind, lifetime.Died);
    }

    public void WriteSymlink(ChangeKind kind, InodeId inode, ReadOnlySpan<byte> target, Lifetime lifetime)
    {
        Begin(ChangeTable.Symlink, kind);
        PutU64(inode.Value);
        if (kind != ChangeKind.Tombstone)
        {
            PutU64(lifetime.Born);
            PutBytes(target);
        }

        End(kind, lifetime.Died);
    }

    public void WriteExtent(ChangeKind kind, InodeId inode, in Extent extent, Lifetime lifetime)
    {
        Begin(ChangeTable.Extent, kind);
        PutU64(inode.Value);
        PutI64(extent.FileOffset);
        if (kind != ChangeKind.Tombstone)
        {
            PutU64(lifetime.Born);
            PutI64(extent.Length);
            PutU128(extent.Segment.Value);
            PutI64(extent.PlaintextOffset);
        }

        End(kind, lifetime.Died);
    }

    public void WriteSegment(ChangeKind kind, in SegmentRow segment)
    {
        Begin(ChangeTable.Segment, kind);
        PutU128(segment.Id.Value);
        if (kind != ChangeKind.Tombstone)
        {
            PutU128(segment.Epoch.Value);
            PutU32(segment.Domain.Value);
            PutU8((byte)segment.Class);
            PutU8((byte)segment.State);
            PutU8(0);
            PutU8(0);
            PutU32(segment.Placement);
            PutI64(segment.PlaintextLength);
            PutI64(segment.ObjectLength);
            PutI64(segment.Created.Nanoseconds);
            PutI64(segment.Changed.Nanoseconds);
            PutU64(segment.Copies);
        }

        End(kind);
    }

    public void WriteOrphan(ChangeKind kind, OrphanRow orphan)
    {
        Begin(ChangeTable.Orphan, kind);
        PutU64(orphan.Inode.Value);
        if (kind != ChangeKind.Tombstone)
        {
            PutU64(orphan.Session.Value);
        }

        End(kind);
    }

    public void WriteSession(ChangeKind kind, in SessionRow session)
    {
        Begin(ChangeTable.Session, kind);
        PutU64(session.Id.Value);
        if (kind != ChangeKind.Tombstone)
        {
            PutU32((uint)session.ProcessId);
            PutU8(session.Closed is null ? (byte)0 : (byte)1);
            PutU8(0);
            PutU8(0);
            PutU8(0);
            PutI64(session.Opened.Nanoseconds);
            PutI64(session.Closed?.Nanoseconds ?? 0);
            PutText(session.Host);
        }

        End(kind);
    }

    public void WriteSnapshot(ChangeKind kind, in SnapshotRow snapshot)
    {
        Begin(ChangeTable.Snapshot, kind);
        PutU64(snapshot.Id.Value);
        if (kind != ChangeKind.Tombstone)
        {
            PutI64(snapshot.Created.Nanoseconds);
            PutBytes(snapshot.Label.Span);
        }

        End(kind);
    }

    public void WriteSetting(ChangeKind kind, string key, ReadOnlySpan<byte> value)
    {
        Begin(ChangeTable.Setting, kind);
        PutText(key);
        if (kind != ChangeKind.Tombstone)
        {
            PutBytes(value);
        }

        End(kind);
    }

    public void WriteCounter(ChangeKind kind, VolumeCounter counter, ulong value)
    {
        Begin(ChangeTable.Counter, kind);
        PutU32((uint)counter);
        if (kind != ChangeKind.Tombstone)
        {
            PutU64(value);
        }

        End(kind);
    }

    private void Begin(ChangeTable table, ChangeKind kind)
    {
        _changeStart = _length;
        Span<byte> header = Reserve(ChangeHeaderSize);
        header[0] = (byte)table;
        header[1] = (byte)kind;
    }

    private void End(ChangeKind kind, ulong died = 0)
    {
        if (kind == ChangeKind.Past)
        {
            PutU64(died);
        }

        int length = _length - _changeStart - ChangeHeaderSize;
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_changeStart + 2), (uint)length);
        _count++;
    }

    private void PutU8(byte value) => Reserve(1)[0] = value;

    private void PutU32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(4), value);

    private void PutU64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), value);

    private void PutI64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Reserve(8), value);

    private void PutU128(UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(Reserve(16), value);

    private void PutBytes(ReadOnlySpan<byte> value)
    {
        PutU32((uint)value.Length);
        value.CopyTo(Reserve(value.Length));
    }

    private void PutText(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        PutU32((uint)length);
        Encoding.UTF8.GetBytes(value, Reserve(length));
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, Math.Max(checked(_buffer.Length * 2), checked(_length + count)));
        }

        Span<byte> reserved = _buffer.AsSpan(_length, count);
        _length += count;
        return reserved;
    }
}
