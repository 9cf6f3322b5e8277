using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Testing.Metadata;

/// <summary>Every table of the memory engine, and their translation from and to the rows of the change stream.</summary>
internal sealed class MemoryTables
{
    public MemoryTables()
    {
        Inodes = new(() => Epoch, IsShown);
        Entries = new(() => Epoch, IsShown);
        Xattrs = new(() => Epoch, IsShown);
        Symlinks = new(() => Epoch, IsShown);
        Extents = new(() => Epoch, IsShown);
    }

    public MemoryHistoryTable<InodeId, InodeAttributes> Inodes { get; }

    public MemoryHistoryTable<(InodeId Parent, NameTag Tag), (EntryName Name, InodeId Child)> Entries { get; }

    public MemoryHistoryTable<(InodeId Inode, NameTag Tag), SealedXattr> Xattrs { get; }

    public MemoryHistoryTable<InodeId, ReadOnlyMemory<byte>> Symlinks { get; }

    public MemoryHistoryTable<(InodeId Inode, long Offset), Extent> Extents { get; }

    public MemoryTable<UInt128, SegmentRow> Segments { get; } = new();

    public MemoryTable<InodeId, OrphanRow> Orphans { get; } = new();

    public MemoryTable<SessionId, SessionRow> Sessions { get; } = new();

    public MemoryTable<SnapshotId, SnapshotRow> Snapshots { get; } = new();

    public MemoryTable<string, ReadOnlyMemory<byte>> Settings { get; } = new();

    public MemoryTable<uint, ulong> Counters { get; } = new();

    /// <summary>The next snapshot's number: what is written now is born in it.</summary>
    public ulong Epoch => Counters.Find((uint)VolumeCounter.NextSnapshot) ?? 1;

    public List<RowChange> TakeChanges()
    {
        var changes = new List<RowChange>();
        List<(InodeId Key, MemoryRow<InodeAttributes>? Row)> inodes = Inodes.TakeChanges();
        HashSet<InodeId> gone = inodes.Where(change => change.Row is null).Select(change => change.Key).ToHashSet();
        changes.AddRange(inodes.Select(c => new InodeChange(
            Kind(c.Row), c.Row?.Value ?? new InodeAttributes { Id = c.Key }, Born(c.Row))));
        changes.AddRange(Entries.TakeChanges().Select(c => new EntryChange(
            Kind(c.Row), c.Key.Parent, c.Row?.Value.Name ?? new EntryName(c.Key.Tag, default), c.Row?.Value.Child ?? default, Born(c.Row))));
        changes.AddRange(Xattrs.TakeChanges().Where(c => !gone.Contains(c.Key.Inode)).Select(c => new XattrChange(
            Kind(c.Row), c.Key.Inode, c.Row?.Value ?? new SealedXattr(c.Key.Tag, default, default), Born(c.Row))));
        changes.AddRange(Symlinks.TakeChanges().Where(c => !gone.Contains(c.Key)).Select(c => new SymlinkChange(
            Kind(c.Row), c.Key, c.Row?.Value ?? default, Born(c.Row))));
        changes.AddRange(Extents.TakeChanges().Where(c => !gone.Contains(c.Key.Inode)).Select(c => new ExtentChange(
            Kind(c.Row), c.Key.Inode, c.Row?.Value ?? new Extent(c.Key.Offset, 0, default, 0), Born(c.Row))));
        changes.AddRange(Extents.TakeMovedPast().Select(c => new ExtentChange(
            ChangeKind.Past, c.Key.Inode, c.Row.Value, new Lifetime(c.Row.Born, c.Died))));
        changes.AddRange(Segments.TakeChanges().Select(c => new SegmentChange(
            Kind(c.Row), c.Row ?? new SegmentRow { Id = new SegmentId(c.Key) })));
        changes.AddRange(Orphans.TakeChanges().Select(c => new OrphanChange(Kind(c.Row), c.Row ?? new OrphanRow(c.Key, default))));
        changes.AddRange(Sessions.TakeChanges().Select(c => new SessionChange(
            Kind(c.Row), c.Row ?? new SessionRow(c.Key, string.Empty, 0, default, null))));
        changes.AddRange(Snapshots.TakeChanges().Select(c => new SnapshotChange(
            Kind(c.Row), c.Row ?? new SnapshotRow(c.Key, default, default))));
        changes.AddRange(Settings.TakeChanges().Select(c => new SettingChange(Kind(c.Row), c.Key, c.Row ?? default)));
        changes.AddRange(Counters.TakeChanges().Select(c => new CounterChange(Kind(c.Row), (VolumeCounter)c.Key, c.Row ?? 0)));
        return changes;
    }

    public List<RowChange> Dump()
    {
        var rows = new List<RowChange>();
        rows.AddRange(Snapshots.Rows.Select(r => new SnapshotChange(ChangeKind.Upsert, r.Value)));
        rows.AddRange(Inodes.Rows.Select(r => new InodeChange(ChangeKind.Upsert, r.Value.Value, new Lifetime(r.Value.Born))));
        rows.AddRange(Entries.Rows.Select(r => new EntryChange(
            ChangeKind.Upsert, r.Key.Parent, r.Value.Value.Name, r.Value.Value.Child, new Lifetime(r.Value.Born))));
        rows.AddRange(Xattrs.Rows.Select(r => new XattrChange(
            ChangeKind.Upsert, r.Key.Inode, r.Value.Value, new Lifetime(r.Value.Born))));
        rows.AddRange(Symlinks.Rows.Select(r => new SymlinkChange(
            ChangeKind.Upsert, r.Key, r.Value.Value, new Lifetime(r.Value.Born))));
        rows.AddRange(Extents.Rows.Select(r => new ExtentChange(
            ChangeKind.Upsert, r.Key.Inode, r.Value.Value, new Lifetime(r.Value.Born))));
        rows.AddRange(Segments.Rows.Select(r => new SegmentChange(ChangeKind.Upsert, r.Value)));
        rows.AddRange(Orphans.Rows.Select(r => new OrphanChange(ChangeKind.Upsert, r.Value)));
        rows.AddRange(Sessions.Rows.Select(r => new SessionChange(ChangeKind.Upsert, r.Value)));
        rows.AddRange(Settings.Rows.Select(r => new SettingChange(ChangeKind.Upsert, r.Key, r.Value)));
        rows.AddRange(Counters.Rows.Select(r => new CounterChange(ChangeKind.Upsert, (VolumeCounter)r.Key, r.Value)));
        rows.AddRange(Inodes.Past.Select(r => new InodeChange(ChangeKind.Past, r.Row.Value, new Lifetime(r.Row.Born, r.Died))));
        rows.AddRange(Entries.Past.Select(r => new EntryChange(
            ChangeKind.Past, r.Key.Parent, r.Row.Value.Name, r.Row.Value.Child, new Lifetime(r.Row.Born, r.Died))));
        rows.AddRange(Xattrs.Past.Select(r => new XattrChange(
            ChangeKind.Past, r.Key.Inode, r.Row.Value, new Lifetime(r.Row.Born, r.Died))));
        rows.AddRange(Symlinks.Past.Select(r => new SymlinkChange(
            ChangeKind.Past, r.Key, r.Row.Value, new Lifetime(r.Row.Born, r.Died))));
        rows.AddRange(Extents.Past.Select(r => new ExtentChange(
            ChangeKind.Past, r.Key.Inode, r.Row.Value, new Lifetime(r.Row.Born, r.Died))));
        return rows;
    }

    /// <summary>What a snapshot shows, as tables of their own.</summary>
    public MemoryTables CopyShown(SnapshotId snapshot)
    {
        var shown = new MemoryTables();
        Inodes.CopyShown(snapshot, shown.Inodes);
        Entries.CopyShown(snapshot, shown.Entries);
        Xattrs.CopyShown(snapshot, shown.Xattrs);
        Symlinks.CopyShown(snapshot, shown.Symlinks);
        Extents.CopyShown(snapshot, shown.Extents);
        return shown;
    }

    /// <summary>Ends a snapshot with the rows that only it showed.</summary>
    public void RemoveSnapshot(SnapshotId snapshot)
    {
        Snapshots.Remove(snapshot);
        Inodes.Purge();
        Entries.Purge();
        Xattrs.Purge();
        Symlinks.Purge();
        Extents.Purge();
    }

    /// <summary>Applies a batch. Snapshots and counters first: what they show is kept when it is replaced.</summary>
    public void Load(IReadOnlyList<RowChange> changes, CommitSequence sequence)
    {
        foreach (RowChange change in changes.OrderBy(change => change is SnapshotChange { Kind: ChangeKind.Upsert } or CounterChange ? 0 : 1))
        {
            Load(change, sequence);
        }
    }

    private void LoadPast(RowChange change)
    {
        switch (change)
        {
            case InodeChange c: Inodes.SetPast(c.Inode.Id, new(c.Inode, c.Lifetime.Born), c.Lifetime.Died); break;
            case EntryChange c: Entries.SetPast((c.Parent, c.Name.Tag), new((c.Name, c.Inode), c.Lifetime.Born), c.Lifetime.Died); break;
            case XattrChange c: Xattrs.SetPast((c.Inode, c.Xattr.Tag), new(c.Xattr, c.Lifetime.Born), c.Lifetime.Died); break;
            case SymlinkChange c: Symlinks.SetPast(c.Inode, new(c.Target, c.Lifetime.Born), c.Lifetime.Died); break;
            case ExtentChange c: Extents.SetPast((c.Inode, c.Extent.FileOffset), new(c.Extent, c.Lifetime.Born), c.Lifetime.Died); break;
            default: break;
        }
    }

    private void Load(RowChange change, CommitSequence sequence)
    {
        if (change.Kind == ChangeKind.Past)
        {
            LoadPast(change);
            return;
        }

        bool gone = change.Kind == ChangeKind.Tombstone;
        switch (change)
        {
            case InodeChange c when gone: RemoveInode(c.Inode.Id); break;
            case InodeChange c: Inodes.Set(c.Inode.Id, new(c.Inode, c.Lifetime.Born)); break;
            case EntryChange c when gone: Entries.Remove((c.Parent, c.Name.Tag)); break;
            case EntryChange c: Entries.Set((c.Parent, c.Name.Tag), new((c.Name, c.Inode), c.Lifetime.Born)); break;
            case XattrChange c when gone: Xattrs.Remove((c.Inode, c.Xattr.Tag)); break;
            case XattrChange c: Xattrs.Set((c.Inode, c.Xattr.Tag), new(c.Xattr, c.Lifetime.Born)); break;
            case SymlinkChange c when gone: Symlinks.Remove(c.Inode); break;
            case SymlinkChange c: Symlinks.Set(c.Inode, new(c.Target, c.Lifetime.Born)); break;
            case ExtentChange c when gone: RemoveExtent((c.Inode, c.Extent.FileOffset)); break;
            case ExtentChange c: Extents.Set((c.Inode, c.Extent.FileOffset), new(c.Extent, c.Lifetime.Born)); break;
            case SegmentChange c when gone: Segments.Remove(c.Segment.Id.Value); break;
            case SegmentChange c: LoadSegment(c.Segment, sequence); break;
            case OrphanChange c when gone: Orphans.Remove(c.Orphan.Inode); break;
            case OrphanChange c: Orphans.Set(c.Orphan.Inode, c.Orphan); break;
            case SessionChange c: Sessions.Set(c.Session.Id, c.Session); break;
            case SnapshotChange c when gone: RemoveSnapshot(c.Snapshot.Id); break;
            case SnapshotChange c: Snapshots.Set(c.Snapshot.Id, c.Snapshot); break;
            case SettingChange c when gone: Settings.Remove(c.Key); break;
            case SettingChange c: Settings.Set(c.Key, c.Value); break;
            case CounterChange c: Counters.Set((uint)c.Counter, c.Value); break;
            default: break;
        }
    }

    private void LoadSegment(SegmentRow row, CommitSequence sequence) => Segments.Set(row.Id.Value, row with
    {
        Condemned = row.State == SegmentState.Condemned ? sequence : default,
        Copies = SegmentCopies.Kept(row.State, row.Copies),
    });

    /// <summary>Removes an inode with everything that is its own.</summary>
    public void RemoveInode(InodeId inode)
    {
        Inodes.Remove(inode);
        Symlinks.Remove(inode);
        foreach ((InodeId, NameTag) key in Xattrs.Rows.Where(r => r.Key.Inode == inode).Select(r => r.Key).ToList())
        {
            Xattrs.Remove(key);
        }

        foreach ((InodeId, long) key in Extents.Rows.Where(r => r.Key.Inode == inode).Select(r => r.Key).ToList())
        {
            RemoveExtent(key);
        }
    }

    public void RemoveExtent((InodeId Inode, long Offset) key) => Extents.Remove(key);

    /// <summary>Whether a snapshot shows a row that lived from one epoch until another.</summary>
    public bool IsShown(ulong born, ulong died) => Snapshots.Rows.Any(row => row.Key.Value >= born && row.Key.Value < died);

    private static ChangeKind Kind<T>(T? row)
        where T : struct => row is null ? ChangeKind.Tombstone : ChangeKind.Upsert;

    private static Lifetime Born<T>(MemoryRow<T>? row) => new(row?.Born ?? 0);
}
