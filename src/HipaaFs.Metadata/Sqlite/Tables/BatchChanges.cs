using HipaaFs.Metadata.Changes;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>What the open batch changed, the last state of each row: what becomes one row of the change table.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class BatchChanges
{
    private readonly ChangeWriter _writer = new();

    public Coalesced<ulong, InodeRow> Inodes { get; } = new();

    public Coalesced<(ulong Parent, UInt128 Tag), EntryRow> Entries { get; } = new();

    public Coalesced<(ulong Inode, UInt128 Tag), XattrRow> Xattrs { get; } = new();

    public Coalesced<ulong, SymlinkRow> Symlinks { get; } = new();

    public Coalesced<(ulong Inode, long Offset), ExtentRow> Extents { get; } = new();

    /// <summary>Past rows whose data has moved.</summary>
    public Coalesced<(ulong Inode, long Offset, ulong Born), PastExtentRow> PastExtents { get; } = new();

    public Coalesced<UInt128, SegmentRow> Segments { get; } = new();

    public Coalesced<ulong, OrphanRow> Orphans { get; } = new();

    public Coalesced<ulong, SessionRow> Sessions { get; } = new();

    public Coalesced<ulong, SnapshotRow> Snapshots { get; } = new();

    public Coalesced<string, SettingRow> Settings { get; } = new();

    public Coalesced<uint, CounterRow> Counters { get; } = new();

    /// <summary>Encodes the batch; null when nothing changed.</summary>
    public byte[]? Encode(CommitSequence first, CommitSequence last)
    {
        WriteVolumeRows();
        WriteInodeRows();
        foreach (Coalesced<(ulong Parent, UInt128 Tag), EntryRow>.Last changed in Entries)
        {
            EntryRow row = changed.Row;
            _writer.WriteEntry(KindOf(changed.Gone), row.Parent, row.Name, row.Child, new Lifetime(row.Born));
        }

        foreach (Coalesced<UInt128, SegmentRow>.Last changed in Segments)
        {
            _writer.WriteSegment(KindOf(changed.Gone), changed.Row);
        }

        return _writer.Count == 0 ? null : _writer.Finish(first, last);
    }

    public void Clear()
    {
        Inodes.Clear();
        Entries.Clear();
        Xattrs.Clear();
        Symlinks.Clear();
        Extents.Clear();
        PastExtents.Clear();
        Segments.Clear();
        Orphans.Clear();
        Sessions.Clear();
        Snapshots.Clear();
        Settings.Clear();
        Counters.Clear();
        _writer.Clear();
    }

    private static ChangeKind KindOf(bool gone) => gone ? ChangeKind.Tombstone : ChangeKind.Upsert;

    private void WriteVolumeRows()
    {
        foreach (Coalesced<ulong, SnapshotRow>.Last changed in Snapshots)
        {
            _writer.WriteSnapshot(KindOf(changed.Gone), changed.Row);
        }

        foreach (Coalesced<ulong, SessionRow>.Last changed in Sessions)
        {
            _writer.WriteSession(KindOf(changed.Gone), changed.Row);
        }

        foreach (Coalesced<string, SettingRow>.Last changed in Settings)
        {
            _writer.WriteSetting(KindOf(changed.Gone), changed.Row.Key, changed.Row.Value.Span);
        }

        foreach (Coalesced<uint, CounterRow>.Last changed in Counters)
        {
            _writer.WriteCounter(KindOf(changed.Gone), changed.Row.Counter, changed.Row.Value);
        }
    }

    // The tombstone of an inode stands for its symlink, xattr and extent rows too.
    private void WriteInodeRows()
    {
        foreach (Coalesced<ulong, InodeRow>.Last changed in Inodes)
        {
            _writer.WriteInode(KindOf(changed.Gone), changed.Row.Attributes, new Lifetime(changed.Row.Born));
        }

        foreach (Coalesced<ulong, SymlinkRow>.Last changed in Symlinks)
        {
            if (!Inodes.IsGone(changed.Row.Inode.Value))
            {
                _writer.WriteSymlink(KindOf(changed.Gone), changed.Row.Inode, changed.Row.Target.Span, new Lifetime(changed.Row.Born));
            }
        }

        foreach (Coalesced<(ulong Inode, UInt128 Tag), XattrRow>.Last changed in Xattrs)
        {
            if (!Inodes.IsGone(changed.Row.Inode.Value))
            {
                _writer.WriteXattr(KindOf(changed.Gone), changed.Row.Inode, changed.Row.Xattr, new Lifetime(changed.Row.Born));
            }
        }

        foreach (Coalesced<(ulong Inode, long Offset), ExtentRow>.Last changed in Extents)
        {
            if (!Inodes.IsGone(changed.Row.Inode.Value))
            {
                _writer.WriteExtent(KindOf(changed.Gone), changed.Row.Inode, changed.Row.Extent, new Lifetime(changed.Row.Born));
            }
        }

        foreach (Coalesced<(ulong Inode, long Offset, ulong Born), PastExtentRow>.Last changed in PastExtents)
        {
            PastExtentRow past = changed.Row;
            _writer.WriteExtent(ChangeKind.Past, past.Row.Inode, past.Row.Extent, new Lifetime(past.Row.Born, past.Died));
        }

        foreach (Coalesced<ulong, OrphanRow>.Last changed in Orphans)
        {
            _writer.WriteOrphan(KindOf(changed.Gone), changed.Row);
        }
    }
}
