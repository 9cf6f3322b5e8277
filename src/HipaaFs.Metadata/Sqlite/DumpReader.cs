using HipaaFs.Crypto;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>Turns every row of the database, as one read transaction sees them, into batches of changes.</summary>
/// <remarks>Not thread-safe. The transaction is the connection's, open since before and until that is closed.</remarks>
internal sealed class DumpReader : IDisposable
{
    private const int BatchBytes = 1 << 20;

    // Inodes that are gone while their extents are being deleted are not part of the volume; a snapshot may show them still.
    private static readonly Source[] Live =
    [
        new("SELECT id, created, label FROM snapshot ORDER BY id", WriteSnapshot),
        new("SELECT id, host, process, opened, closed FROM session ORDER BY id", WriteSession),
        new("SELECT key, value FROM setting ORDER BY key", WriteSetting),
        new("SELECT id, value FROM counter WHERE id IN (1, 6)", WriteCounter),
        new($"SELECT {SegmentTable.Columns} FROM segment ORDER BY id", WriteSegment),
        new("SELECT * FROM inode ORDER BY id", WriteInode),
        new("SELECT inode, target, born, NULL FROM symlink ORDER BY inode", WriteSymlink),
        new("SELECT parent, tag, child, name, born, NULL FROM dirent ORDER BY parent, tag", WriteEntry),
        new("SELECT inode, tag, name, value, born, NULL FROM xattr ORDER BY inode, tag", WriteXattr),
        new("""
            SELECT inode, offset, length, segment, plain, born, NULL FROM extent
            WHERE inode NOT IN (SELECT inode FROM purge) ORDER BY inode, offset
            """, WriteExtent),
        new("SELECT inode, session FROM orphan ORDER BY inode", WriteOrphan),
    ];

    private static readonly Source[] Past =
    [
        new("SELECT * FROM inode_past ORDER BY id, born", WritePastInode),
        new("SELECT inode, target, born, died FROM symlink_past ORDER BY inode, born", WriteSymlink),
        new("SELECT parent, tag, child, name, born, died FROM dirent_past ORDER BY parent, tag, born", WriteEntry),
        new("SELECT inode, tag, name, value, born, died FROM xattr_past ORDER BY inode, tag, born", WriteXattr),
        new("SELECT inode, offset, length, segment, plain, born, died FROM extent_past ORDER BY inode, offset, born", WriteExtent),
        new("""
            SELECT extent.inode, offset, length, segment, plain, born, purge.epoch FROM purge JOIN extent ON extent.inode = purge.inode
            ORDER BY extent.inode, offset
            """, WriteExtent),
    ];

    private readonly SqliteFile _file;
    private readonly CommitSequence _sequence;
    private readonly ChangeWriter _writer = new();
    private Statement? _statement;
    private readonly Source[] _sources;
    private int _source = -1;
    private bool _answered;

    /// <param name="file">The connection.</param>
    /// <param name="sequence">The commit that it shows.</param>
    /// <param name="isOfPast">Whether only rows of the past are read: of each table those of one key after another, in the order of their births.</param>
    public DumpReader(SqliteFile file, CommitSequence sequence, bool isOfPast)
    {
        _file = file;
        _sources = isOfPast ? Past : [.. Live, .. Past];
        _sequence = sequence;
    }

    /// <summary>Reads the next batch; null at the end. The first is there even when it is empty.</summary>
    public ChangeBatch? Next()
    {
        while (_writer.Length < BatchBytes && _source < _sources.Length)
        {
            if (_statement?.Step() == true)
            {
                _sources[_source].Write(_writer, _statement);
                continue;
            }

            _statement?.Dispose();
            _source++;
            _statement = _source < _sources.Length ? _file.Prepare(_sources[_source].Sql) : null;
        }

        if (_writer.Count == 0 && _answered)
        {
            return null;
        }

        _answered = true;
        return new ChangeBatch(_sequence, _sequence, _writer.Finish(_sequence, _sequence));
    }

    public void Dispose() => _statement?.Dispose();

    // What lives has not died: a past row that says it died in epoch 0 is a past row still.
    private static (ChangeKind Kind, Lifetime Lifetime) Life(Statement row, int bornColumn)
    {
        var lifetime = new Lifetime(row.UInt64(bornColumn), row.UInt64(bornColumn + 1));
        return (row.IsNull(bornColumn + 1) ? ChangeKind.Upsert : ChangeKind.Past, lifetime);
    }

    private static void WriteSnapshot(ChangeWriter writer, Statement row) => writer.WriteSnapshot(
        ChangeKind.Upsert, new SnapshotRow(new SnapshotId(row.UInt64(0)), new Timestamp(row.Int64(1)), row.Bytes(2)));

    private static void WriteSession(ChangeWriter writer, Statement row) =>
        writer.WriteSession(ChangeKind.Upsert, VolumeTable.ReadSession(row));

    private static void WriteSetting(ChangeWriter writer, Statement row) =>
        writer.WriteSetting(ChangeKind.Upsert, row.Text(0), row.Bytes(1));

    private static void WriteCounter(ChangeWriter writer, Statement row) =>
        writer.WriteCounter(
            ChangeKind.Upsert,
            row.Int64(0) == (long)StoredCounter.NextSnapshot ? VolumeCounter.NextSnapshot : VolumeCounter.NextInode,
            row.UInt64(1));

    private static void WriteSegment(ChangeWriter writer, Statement row) =>
        writer.WriteSegment(ChangeKind.Upsert, SegmentTable.Read(row));

    private static void WriteInode(ChangeWriter writer, Statement row) =>
        writer.WriteInode(ChangeKind.Upsert, InodeTable.ReadAttributes(row, 2), new Lifetime(row.UInt64(1)));

    private static void WritePastInode(ChangeWriter writer, Statement row) =>
        writer.WriteInode(ChangeKind.Past, InodeTable.ReadAttributes(row, 3), new Lifetime(row.UInt64(1), row.UInt64(2)));

    private static void WriteSymlink(ChangeWriter writer, Statement row)
    {
        (ChangeKind kind, Lifetime lifetime) = Life(row, 2);
        writer.WriteSymlink(kind, new InodeId(row.UInt64(0)), row.Bytes(1), lifetime);
    }

    private static void WriteEntry(ChangeWriter writer, Statement row)
    {
        (ChangeKind kind, Lifetime lifetime) = Life(row, 4);
        var name = new EntryName(new NameTag(row.UInt128(1)), row.Bytes(3));
        writer.WriteEntry(kind, new InodeId(row.UInt64(0)), name, new InodeId(row.UInt64(2)), lifetime);
    }

    private static void WriteXattr(ChangeWriter writer, Statement row)
    {
        (ChangeKind kind, Lifetime lifetime) = Life(row, 4);
        var xattr = new SealedXattr(new NameTag(row.UInt128(1)), row.Bytes(2), row.Bytes(3));
        writer.WriteXattr(kind, new InodeId(row.UInt64(0)), xattr, lifetime);
    }

    private static void WriteExtent(ChangeWriter writer, Statement row)
    {
        (ChangeKind kind, Lifetime lifetime) = Life(row, 5);
        var extent = new Extent(row.Int64(1), row.Int64(2), new SegmentId(row.UInt128(3)), row.Int64(4));
        writer.WriteExtent(kind, new InodeId(row.UInt64(0)), extent, lifetime);
    }

    private static void WriteOrphan(ChangeWriter writer, Statement row) => writer.WriteOrphan(
        ChangeKind.Upsert, new OrphanRow(new InodeId(row.UInt64(0)), new SessionId(row.UInt64(1))));

    private readonly record struct Source(string Sql, Action<ChangeWriter, Statement> Write);
}
