using System.Runtime.CompilerServices;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite;

namespace HipaaFs.Checking;

/// <summary>The rows of a volume as a check needs them: the live ones in memory; those of the past, of which there may be many times as many, are read again each time.</summary>
internal sealed class VolumeRows
{
    /// <summary>Makes a volume without rows but those of the past.</summary>
    internal VolumeRows(IAsyncEnumerable<RowChange> past) => Past = past;

    /// <summary>Inodes by id.</summary>
    internal Dictionary<InodeId, InodeChange> Inodes { get; } = [];

    /// <summary>Entries.</summary>
    internal List<EntryChange> Entries { get; } = [];

    /// <summary>Extents, by inode, in file order.</summary>
    internal Dictionary<InodeId, List<BornExtent>> Extents { get; } = [];

    /// <summary>Extended attributes.</summary>
    internal List<XattrChange> Xattrs { get; } = [];

    /// <summary>Targets of symbolic links, by inode.</summary>
    internal Dictionary<InodeId, SymlinkChange> Targets { get; } = [];

    /// <summary>Segments by id.</summary>
    internal Dictionary<SegmentId, SegmentRow> Segments { get; } = [];

    /// <summary>Inodes without a name that are open, or were when the last session ended, with whose they are.</summary>
    internal Dictionary<InodeId, OrphanRow> Orphans { get; } = [];

    /// <summary>Sessions by number.</summary>
    internal Dictionary<SessionId, SessionRow> Sessions { get; } = [];

    /// <summary>Inodes that are gone and are made again by this check.</summary>
    internal HashSet<InodeId> Made { get; } = [];

    /// <summary>Snapshots that can be read, oldest first.</summary>
    internal List<ulong> Snapshots { get; } = [];

    /// <summary>Rows that only snapshots show, of each table those of one key after another. Each reading is a new one.</summary>
    internal IAsyncEnumerable<RowChange> Past { get; }

    /// <summary>Segments that rows of the past refer to, with an inode of those whose data is there.</summary>
    internal Dictionary<SegmentId, InodeId> PastSegments { get; } = [];

    /// <summary>The highest inode number that an inode had when a snapshot was taken; 0 without any.</summary>
    private ulong HighestPastInode { get; set; }

    /// <summary>The lowest inode number that was never set aside for use.</summary>
    internal ulong NextInode { get; private set; } = InodeId.Root.Value + 1;

    /// <summary>The number the next snapshot gets: what is written now is born in it.</summary>
    internal ulong Epoch { get; set; } = 1;

    /// <summary>Reads them all.</summary>
    internal static async Task<VolumeRows> ReadAsync(SqliteMetadataStore metadata, IProgress<CheckProgress> progress, CancellationToken cancel)
    {
        var rows = new VolumeRows(ReadPastAsync(metadata, cancel));
        await foreach (ChangeBatch batch in metadata.DumpAsync(cancel))
        {
            foreach (RowChange change in Decode(batch))
            {
                rows.Add(change);
            }

            progress.Report(new CheckProgress("rows", rows.Inodes.Count, metadata.Usage.Inodes));
        }

        return rows;
    }

    /// <summary>The highest inode number that an inode has, or had when a snapshot was taken; 0 without any.</summary>
    internal ulong HighestInode() => Math.Max(HighestPastInode, Inodes.Keys.Max(static id => (ulong?)id.Value) ?? 0);

    /// <summary>Takes an inode number that was never used.</summary>
    internal InodeId TakeInode()
    {
        var taken = new InodeId(Math.Max(NextInode, HighestInode() + 1));
        NextInode = taken.Value + 1;
        return taken;
    }

    // The volume is locked: they are the same each time, but for those that the metadata engine deletes since no snapshot shows them any more.
    private static async IAsyncEnumerable<RowChange> ReadPastAsync(SqliteMetadataStore metadata, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (ChangeBatch batch in metadata.DumpPastAsync(cancel))
        {
            foreach (RowChange row in Decode(batch))
            {
                yield return row;
            }
        }
    }

    private static IReadOnlyList<RowChange> Decode(ChangeBatch batch) =>
        ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes)
            ? changes
            : throw new InvalidOperationException("the metadata engine dumped rows that cannot be decoded");

    private void AddPast(RowChange change)
    {
        if (change is InodeChange inode)
        {
            HighestPastInode = Math.Max(HighestPastInode, inode.Inode.Id.Value);
        }
        else if (change is ExtentChange extent)
        {
            PastSegments.TryAdd(extent.Extent.Segment, extent.Inode);
        }
    }

    private void Add(RowChange change)
    {
        if (change.Kind == ChangeKind.Past)
        {
            AddPast(change);
            return;
        }

        switch (change)
        {
            case InodeChange inode:
                Inodes[inode.Inode.Id] = inode;
                break;
            case EntryChange entry:
                Entries.Add(entry);
                break;
            case ExtentChange extent:
                ExtentsOf(extent.Inode).Add(new BornExtent(extent.Extent, extent.Lifetime.Born));
                break;
            case SegmentChange segment:
                Segments[segment.Segment.Id] = segment.Segment;
                break;
            case XattrChange xattr:
                Xattrs.Add(xattr);
                break;
            case SymlinkChange target:
                Targets[target.Inode] = target;
                break;
            case OrphanChange orphan:
                Orphans[orphan.Orphan.Inode] = orphan.Orphan;
                break;
            case SessionChange session:
                Sessions[session.Session.Id] = session.Session;
                break;
            case SnapshotChange snapshot:
                Snapshots.Add(snapshot.Snapshot.Id.Value);
                Epoch = Math.Max(Epoch, snapshot.Snapshot.Id.Value + 1);
                break;
            case CounterChange { Counter: VolumeCounter.NextInode } next:
                NextInode = Math.Max(NextInode, next.Value);
                break;
            case CounterChange { Counter: VolumeCounter.NextSnapshot } next:
                Epoch = Math.Max(Epoch, next.Value);
                break;
            default:
                break; // Settings have nothing to be compared with.
        }
    }

    private List<BornExtent> ExtentsOf(InodeId inode)
    {
        if (!Extents.TryGetValue(inode, out List<BornExtent>? extents))
        {
            Extents[inode] = extents = [];
        }

        return extents;
    }
}
