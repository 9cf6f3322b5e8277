using System.Runtime.CompilerServices;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Testing.Metadata;

/// <content>Snapshots.</content>
public sealed partial class MemoryMetadataStore
{
    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<SnapshotRow>>> CreateSnapshotAsync(
        OperationId operation, ReadOnlyMemory<byte> label, Timestamp now, CancellationToken cancel = default) =>
        Apply(operation, MetadataResult<SnapshotRow> () =>
        {
            Commit();
            var row = new SnapshotRow(new SnapshotId(_tables.Epoch), now, label);
            _tables.Snapshots.Set(row.Id, row);
            _tables.Counters.Set((uint)VolumeCounter.NextSnapshot, row.Id.Value + 1);
            return row;
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> DeleteSnapshotAsync(
        OperationId operation, SnapshotId snapshot, CancellationToken cancel = default) =>
        ApplyPlain(operation, () =>
        {
            if (_tables.Snapshots.Find(snapshot) is null)
            {
                return MetadataError.NotFound;
            }

            _tables.RemoveSnapshot(snapshot);
            return true;
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<CommitSequence>> PurgeSnapshotsAsync(CancellationToken cancel = default) =>
        MakeDurableAsync(Applied, cancel);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SnapshotRow>>> ListSnapshotsAsync(CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<SnapshotRow>> () => _tables.Snapshots.Rows.Select(row => row.Value).ToList());

    /// <inheritdoc/>
    public IMetadataView OpenSnapshot(SnapshotId snapshot) => new MemorySnapshotView(() => Show(snapshot));

    /// <inheritdoc/>
    public async IAsyncEnumerable<InodeDifference> CompareAsync(
        SnapshotId from, SnapshotId? to, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await Task.Yield();
        MemoryMetadataStore? before = Show(from);
        MemoryMetadataStore? after = to is { } snapshot ? Show(snapshot) : this;
        if (before is null || after is null)
        {
            throw new IOException("comparison of snapshots: one is gone");
        }

        foreach (InodeId inode in before._tables.Inodes.Rows.Concat(after._tables.Inodes.Rows).Select(row => row.Key).Distinct().ToList())
        {
            var difference = new InodeDifference(before.Named(inode), after.Named(inode));
            if (difference.Before?.Inode != difference.After?.Inode || difference.IsRenamed)
            {
                yield return difference;
            }
        }
    }

    private DirectoryEntry? Named(InodeId inode)
    {
        if (_names.Find(inode) is not { } found)
        {
            return null;
        }

        if (inode == InodeId.Root)
        {
            return new DirectoryEntry(default, default, found);
        }

        var entry = _tables.Entries.Rows.FirstOrDefault(row => row.Value.Value.Child == inode);
        return entry.Key.Parent.Value == 0 ? null : new DirectoryEntry(entry.Key.Parent, entry.Value.Value.Name, found);
    }

    private MemoryMetadataStore? Show(SnapshotId snapshot)
    {
        lock (_lock)
        {
            return _tables.Snapshots.Find(snapshot) is null ? null : new MemoryMetadataStore(_tables.CopyShown(snapshot));
        }
    }
}
