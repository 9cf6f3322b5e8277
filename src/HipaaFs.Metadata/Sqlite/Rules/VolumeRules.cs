using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite.Requests;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Changes segments, sessions, snapshots, settings and counters, and loads rows of another store.</summary>
/// <remarks>Every operation checks all it needs before it writes the first row.</remarks>
internal sealed class VolumeRules
{
    private readonly LiveTables _tables;
    private readonly InodeRemoval _removal;

    public VolumeRules(LiveTables tables, InodeRemoval removal)
    {
        _tables = tables;
        _removal = removal;
    }

    public MetadataResult<bool> Add(AddSegmentRequest request)
    {
        if (request.Segment.State is not (SegmentState.Staged or SegmentState.Live))
        {
            return MetadataError.Conflict;
        }

        if (_tables.Segments.TryGet(request.Segment.Id, out _))
        {
            return MetadataError.Exists;
        }

        Put(request.Segment, request.Segment.Copies);
        return true;
    }

    public MetadataResult<bool> Update(UpdateSegmentRequest request)
    {
        if (!_tables.Segments.TryGet(request.Segment.Id, out SegmentRow old))
        {
            return MetadataError.NotFound;
        }

        bool forward = (old.State, request.Segment.State) is (SegmentState.Staged, SegmentState.Staged)
            or (SegmentState.Staged, SegmentState.Live)
            or (SegmentState.Live, SegmentState.Live);
        if (!forward)
        {
            return MetadataError.Conflict;
        }

        Put(request.Segment, old.State == SegmentState.Live ? old.Copies : request.Segment.Copies);
        return true;
    }

    public MetadataResult<bool> SetCopies(SetCopiesRequest request)
    {
        if (!_tables.Segments.TryGet(request.Segment, out SegmentRow row))
        {
            return MetadataError.NotFound;
        }

        ulong copies = (row.Copies & ~request.Absent) | request.Present;
        bool isTaken = row.State switch
        {
            SegmentState.Live => copies != 0,
            SegmentState.Condemned => request.Present == 0,
            _ => false,
        };
        if (!isTaken)
        {
            return MetadataError.Conflict;
        }

        if (copies != row.Copies)
        {
            _tables.Segments.Put(row with { Copies = copies });
        }

        return true;
    }

    public MetadataResult<bool> Condemn(CondemnSegmentRequest request)
    {
        if (!_tables.Segments.TryGet(request.Segment, out SegmentRow row))
        {
            return MetadataError.NotFound;
        }

        if (row.State == SegmentState.Condemned)
        {
            return true;
        }

        if (_tables.Extents.IsUsed(request.Segment))
        {
            return MetadataError.Conflict;
        }

        _tables.Segments.Put(row with { State = SegmentState.Condemned, Changed = request.Now, Condemned = _tables.Context.Sequence });
        return true;
    }

    public MetadataResult<bool> Forget(ForgetSegmentRequest request)
    {
        if (!_tables.Segments.TryGet(request.Segment, out SegmentRow row))
        {
            return MetadataError.NotFound;
        }

        if (row.State != SegmentState.Condemned)
        {
            return MetadataError.Conflict;
        }

        _tables.Segments.Delete(row);
        return true;
    }

    public MetadataResult<SessionRow> Open(OpenSessionRequest request)
    {
        List<SessionRow> sessions = _tables.Volume.ListSessions();
        ulong next = sessions.Count == 0 ? 1 : sessions[^1].Id.Value + 1;
        SessionOpening opening = request.Opening;
        var row = new SessionRow(
            new SessionId(Math.Max(next, opening.AtLeast.Value)), opening.Host, opening.ProcessId, opening.Now, null);
        _tables.Volume.Put(row);
        return row;
    }

    public MetadataResult<bool> Close(CloseSessionRequest request)
    {
        foreach (SessionRow session in _tables.Volume.ListSessions())
        {
            if (session.Id == request.Session)
            {
                _tables.Volume.Put(session with { Closed = request.Now });
                return true;
            }
        }

        return MetadataError.NotFound;
    }

    public MetadataResult<bool> RaiseNextInode(RaiseNextInodeRequest request)
    {
        _tables.Volume.PutNextInode(request.NextInode);
        return true;
    }

    public MetadataResult<SnapshotRow> CreateSnapshot(CreateSnapshotRequest request)
    {
        var row = new SnapshotRow(new SnapshotId(_tables.Context.Epoch), request.Now, request.Label);
        _tables.Snapshots.Put(row);
        return row;
    }

    public MetadataResult<bool> DeleteSnapshot(DeleteSnapshotRequest request)
    {
        if (!_tables.Context.HasSnapshot(request.Snapshot))
        {
            return MetadataError.NotFound;
        }

        _tables.Snapshots.Delete(request.Snapshot);
        return true;
    }

    public MetadataResult<bool> SetSetting(SetSettingRequest request)
    {
        if (request.Value is { } value)
        {
            _tables.Volume.Put(new SettingRow(request.Key, value));
        }
        else
        {
            _tables.Volume.DeleteSetting(request.Key);
        }

        return true;
    }

    public MetadataResult<bool> TrimChanges(TrimChangesRequest request)
    {
        _tables.Changes.Trim(request.UpTo);
        return true;
    }

    /// <summary>Applies rows of another store. Snapshots and their numbers first: what they show is kept when it is replaced.</summary>
    public MetadataResult<bool> Load(LoadRequest request)
    {
        foreach (RowChange change in request.Changes)
        {
            if (change is SnapshotChange { Kind: ChangeKind.Upsert } snapshot)
            {
                _tables.Snapshots.Load(snapshot.Snapshot);
            }
            else if (change is CounterChange { Kind: ChangeKind.Upsert, Counter: VolumeCounter.NextSnapshot } next)
            {
                _tables.Snapshots.RaiseNext(next.Value);
            }
        }

        CommitSequence sequence = _tables.Context.Sequence > request.Last ? _tables.Context.Sequence : request.Last;
        foreach (RowChange change in request.Changes)
        {
            Load(change, sequence);
        }

        // Loaded rows are another store's changes, and in its stream already.
        _tables.Context.Changes.Clear();
        return true;
    }

    private void Load(RowChange change, CommitSequence sequence)
    {
        switch (change.Kind)
        {
            case ChangeKind.Upsert:
                Upsert(change, sequence);
                break;
            case ChangeKind.Past:
                LoadPast(change);
                break;
            default:
                Remove(change);
                break;
        }
    }

    private void Upsert(RowChange change, CommitSequence sequence)
    {
        switch (change)
        {
            case InodeChange c: _tables.Inodes.Load(new InodeRow(c.Inode, c.Lifetime.Born)); break;
            case EntryChange c: _tables.Entries.Load(new EntryRow(c.Parent, c.Name, c.Inode, c.Lifetime.Born)); break;
            case XattrChange c: _tables.Xattrs.Load(new XattrRow(c.Inode, c.Xattr, c.Lifetime.Born)); break;
            case SymlinkChange c: _tables.Symlinks.Load(new SymlinkRow(c.Inode, c.Target, c.Lifetime.Born)); break;
            case ExtentChange c: _tables.Extents.Load(new ExtentRow(c.Inode, c.Extent, c.Lifetime.Born)); break;
            case SegmentChange c: Load(c.Segment, sequence); break;
            case OrphanChange c: _tables.Orphans.Load(c.Orphan); break;
            case SessionChange c: _tables.Volume.Load(c.Session); break;
            case SettingChange c: _tables.Volume.Load(new SettingRow(c.Key, c.Value)); break;
            case CounterChange { Counter: VolumeCounter.NextInode } c: RaiseNextInode(c.Value); break;
            default: break;
        }
    }

    private void Load(in SegmentRow row, CommitSequence sequence) => _tables.Segments.Load(row with
    {
        Condemned = row.State == SegmentState.Condemned ? sequence : default,
        Copies = SegmentCopies.Kept(row.State, row.Copies),
    });

    private void Put(in SegmentRow row, ulong copies) =>
        _tables.Segments.Put(row with { Condemned = default, Copies = SegmentCopies.Kept(row.State, copies) });

    private void RaiseNextInode(ulong value) =>
        _tables.Volume.Put(StoredCounter.NextInode, Math.Max(value, _tables.Volume.Get(StoredCounter.NextInode)));

    // A dump may hold rows of snapshots that were being deleted. What no snapshot shows is not kept, and what was there of it goes.
    private void LoadPast(RowChange change)
    {
        switch (change)
        {
            case IVersionedChange { Lifetime: var life } when !_tables.Context.IsShown(life.Born, life.Died): _tables.Past.Remove(change); break;
            case InodeChange c: _tables.Inodes.LoadPast(new InodeRow(c.Inode, c.Lifetime.Born), c.Lifetime.Died); break;
            case EntryChange c: _tables.Entries.LoadPast(new EntryRow(c.Parent, c.Name, c.Inode, c.Lifetime.Born), c.Lifetime.Died); break;
            case XattrChange c: _tables.Xattrs.LoadPast(new XattrRow(c.Inode, c.Xattr, c.Lifetime.Born), c.Lifetime.Died); break;
            case SymlinkChange c: _tables.Symlinks.LoadPast(new SymlinkRow(c.Inode, c.Target, c.Lifetime.Born), c.Lifetime.Died); break;
            case ExtentChange c when _tables.Orphans.IsPurged(c.Inode):
                _tables.Extents.LoadPastOfGone(new ExtentRow(c.Inode, c.Extent, c.Lifetime.Born), c.Lifetime.Died);
                break;
            case ExtentChange c: _tables.Extents.LoadPast(new ExtentRow(c.Inode, c.Extent, c.Lifetime.Born), c.Lifetime.Died); break;
            default: break;
        }
    }

    private void Remove(RowChange change)
    {
        switch (change)
        {
            case InodeChange c when _tables.Inodes.TryGet(c.Inode.Id, out InodeRow row):
                _removal.Remove(row);
                break;
            case EntryChange c when _tables.Entries.TryGet(c.Parent, c.Name.Tag, out EntryRow row):
                _tables.Entries.Delete(row);
                break;
            case XattrChange c when _tables.Xattrs.TryGet(c.Inode, c.Xattr.Tag, out XattrRow row):
                _tables.Xattrs.Delete(row);
                break;
            case SymlinkChange c when _tables.Symlinks.TryGet(c.Inode, out SymlinkRow row):
                _tables.Symlinks.Delete(row);
                break;
            case ExtentChange c when _tables.Extents.TryGet(c.Inode, c.Extent.FileOffset, out ExtentRow row):
                _tables.Extents.Delete(row);
                break;
            case SegmentChange c: _tables.Segments.Delete(c.Segment); break;
            case OrphanChange c: _tables.Orphans.Delete(c.Orphan); break;
            case SettingChange c: _tables.Volume.DeleteSetting(c.Key); break;
            case SnapshotChange c when _tables.Context.HasSnapshot(c.Snapshot.Id): _tables.Snapshots.Delete(c.Snapshot.Id); break;
            default: break;
        }
    }
}
