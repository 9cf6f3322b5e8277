using System.Runtime.CompilerServices;
using HipaaFs.Metadata.Sqlite.Requests;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite;

/// <content>Snapshots.</content>
public sealed partial class SqliteMetadataStore
{
    private const int ComparePage = 256;

    /// <inheritdoc/>
    public IMetadataView OpenSnapshot(SnapshotId snapshot) => new SqliteSnapshotView(this, snapshot);

    // A batch never spans a snapshot: coalesced, it would lose the rows the snapshot shows.
    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<SnapshotRow>>> CreateSnapshotAsync(
        OperationId operation, ReadOnlyMemory<byte> label, Timestamp now, CancellationToken cancel = default)
    {
        lock (_lock)
        {
            if (!_batch.TryCommit())
            {
                ReportFailure();
                return new ValueTask<MetadataResult<Applied<SnapshotRow>>>(MetadataError.Failed);
            }

            return Apply(Operations.CreateSnapshot, new CreateSnapshotRequest(label) { Operation = operation, Now = now });
        }
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> DeleteSnapshotAsync(
        OperationId operation, SnapshotId snapshot, CancellationToken cancel = default) =>
        ApplyPlain(Operations.DeleteSnapshot, new DeleteSnapshotRequest(snapshot) { Operation = operation });

    /// <summary>What is deleted while rows of it are still there.</summary>
    public PendingDeletions PendingDeletions
    {
        get
        {
            lock (_lock)
            {
                return new PendingDeletions(_tables.Orphans.ListPurges(), [.. _tables.Snapshots.Gone.Select(static id => new SnapshotId(id))]);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<CommitSequence>> PurgeSnapshotsAsync(CancellationToken cancel = default)
    {
        if (_options.ReadOnly)
        {
            return MetadataError.ReadOnly;
        }

        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                bool purged = _batch.TryPurge() && _batch.TryCommit();
                ReportFailure();
                if (!purged)
                {
                    return _batch.Failed ? MetadataError.Failed : MetadataError.Io;
                }

                if (_tables.Snapshots.Gone.Count == 0)
                {
                    break;
                }
            }

            await Task.Yield(); // Others get the lock between two slices.
        }

        return await MakeDurableAsync(Applied, cancel);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<InodeDifference> CompareAsync(
        SnapshotId from, SnapshotId? to, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ChangedInodes.Position position = ChangedInodes.Position.Begin(from);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            MetadataResult<(List<InodeDifference> Found, ChangedInodes.Position Position, bool More)> page =
                await Read((from, to, position), static (tables, request) => Compare(tables, request.from, request.to, request.position));
            if (!page.Succeeded)
            {
                throw new IOException($"comparison of snapshots: {page.Error}");
            }

            foreach (InodeDifference difference in page.Value.Found)
            {
                yield return difference;
            }

            if (!page.Value.More)
            {
                yield break;
            }

            position = page.Value.Position;
        }
    }

    private static MetadataResult<(List<InodeDifference> Found, ChangedInodes.Position Position, bool More)> Compare(
        LiveTables tables, SnapshotId from, SnapshotId? to, ChangedInodes.Position position)
    {
        if (!tables.Context.HasSnapshot(from) || (to is { } newer && !tables.Context.HasSnapshot(newer)))
        {
            return MetadataError.SnapshotGone;
        }

        tables.Inodes.Flush(); // Rows that wait in memory have no place in an index yet.
        ulong last = to?.Value ?? ShownRows.Live;
        var inodes = new List<InodeId>();
        bool more = tables.Changed.Read(ref position, last, ComparePage, inodes);
        var found = new List<InodeDifference>(inodes.Count);
        foreach (InodeId inode in inodes)
        {
            var difference = new InodeDifference(Find(tables.Shown, from.Value, inode), Find(tables.Shown, last, inode));
            if (difference.Before != difference.After && !IsSame(difference))
            {
                found.Add(difference);
            }
        }

        return (found, position, more);
    }

    // The same inode under the same name: the two sealings of a name may differ.
    private static bool IsSame(in InodeDifference difference) =>
        difference is { Before: { } before, After: { } after } && before.Inode == after.Inode && !difference.IsRenamed;

    // An inode without a name is not part of what a view shows.
    private static DirectoryEntry? Find(ShownRows rows, ulong snapshot, InodeId id)
    {
        if (!rows.TryGetInode(snapshot, id, out InodeAttributes inode))
        {
            return null;
        }

        if (id == InodeId.Root)
        {
            return new DirectoryEntry(default, default, inode);
        }

        return rows.TryFindEntry(snapshot, id, out EntryRow entry) ? new DirectoryEntry(entry.Parent, entry.Name, inode) : null;
    }
}
