namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The live view of the volume: every table, with the rows of the open batch in it.</summary>
/// <remarks>Not thread-safe; used under the store's lock only.</remarks>
internal sealed class LiveTables : IDisposable
{
    public LiveTables(SqliteFile file, int recentInodes)
    {
        Usage = new UsageTable(file);
        Inodes = new InodeTable(file, Context, Usage, recentInodes);
        Entries = new EntryTable(file, Context);
        Xattrs = new XattrTable(file, Context);
        Symlinks = new SymlinkTable(file, Context);
        Extents = new ExtentTable(file, Context);
        Segments = new SegmentTable(file, Context);
        Copies = new CopiesIndex(file);
        Orphans = new OrphanTable(file, Context);
        Volume = new VolumeTable(file, Context);
        Snapshots = new SnapshotTable(file, Context, Volume);
        Shown = new ShownRows(file, Inodes);
        Past = new PastRows(file);
        Changed = new ChangedInodes(file);
        Changes = new ChangeLogTable(file);
    }

    public BatchContext Context { get; } = new();

    public UsageTable Usage { get; }

    public InodeTable Inodes { get; }

    public EntryTable Entries { get; }

    public XattrTable Xattrs { get; }

    public SymlinkTable Symlinks { get; }

    public ExtentTable Extents { get; }

    public SegmentTable Segments { get; }

    /// <summary>The segments by the stores that have them.</summary>
    public CopiesIndex Copies { get; }

    public OrphanTable Orphans { get; }

    public VolumeTable Volume { get; }

    public SnapshotTable Snapshots { get; }

    /// <summary>The rows as snapshots show them.</summary>
    public ShownRows Shown { get; }

    public PastRows Past { get; }

    public ChangedInodes Changed { get; }

    public ChangeLogTable Changes { get; }

    /// <summary>Reads what is kept in memory, at the start and after a rollback. Answers the newest sequence in the database.</summary>
    public CommitSequence Recall()
    {
        Inodes.Forget();
        Segments.Forget();
        Orphans.Recall();
        Context.Changes.Clear();
        Snapshots.Recall();
        Usage.Recall();
        return new CommitSequence(Volume.Get(StoredCounter.Sequence));
    }

    /// <summary>Writes what waits in memory, before a COMMIT.</summary>
    public void Flush(CommitSequence sequence)
    {
        Inodes.Flush();
        Volume.Put(StoredCounter.Sequence, sequence.Value);
        Usage.Flush();
    }

    public void Dispose()
    {
        Inodes.Dispose();
        Usage.Dispose();
        Entries.Dispose();
        Xattrs.Dispose();
        Symlinks.Dispose();
        Extents.Dispose();
        Segments.Dispose();
        Copies.Dispose();
        Orphans.Dispose();
        Volume.Dispose();
        Snapshots.Dispose();
        Shown.Dispose();
        Past.Dispose();
        Changed.Dispose();
        Changes.Dispose();
    }
}
