using System.Runtime.CompilerServices;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Testing.Metadata;

/// <summary>Keeps metadata in memory: the smallest engine behind the interface. "Durable" means that a commit was recorded.</summary>
/// <remarks>Thread-safe, by one lock.</remarks>
public sealed partial class MemoryMetadataStore : IMetadataStore
{
    private readonly Lock _lock = new();
    private readonly MemoryTables _tables;
    private readonly MemoryNamespace _names;
    private readonly MemoryContent _content;
    private readonly Dictionary<OperationId, object> _answers = [];
    private readonly List<ChangeBatch> _changes = [];
    private readonly CancellationTokenSource _failure = new();
    private ulong _applied;
    private ulong _durable;

    /// <summary>Creates an empty store.</summary>
    public MemoryMetadataStore()
        : this(new MemoryTables())
    {
    }

    private MemoryMetadataStore(MemoryTables tables)
    {
        _tables = tables;
        _names = new MemoryNamespace(_tables);
        _content = new MemoryContent(_tables, _names);
    }

    /// <inheritdoc/>
    public VolumeUsage Usage => Sum(static _ => true);

    /// <inheritdoc/>
    public VolumeUsage GetUsage(uint placement) => Sum(inode => inode.Placement == placement);

    /// <inheritdoc/>
    public VolumeUsage GetUsage(uint placement, uint uid) => Sum(inode => inode.Placement == placement && inode.Uid == uid);

    /// <inheritdoc/>
    public IReadOnlyList<OwnerUsage> ListUsage()
    {
        lock (_lock)
        {
            return [.. _tables.Inodes.Rows.Select(static row => row.Value.Value)
                .GroupBy(static inode => (inode.Placement, inode.Uid), static inode => inode)
                .OrderBy(static group => group.Key)
                .Select(static group => new OwnerUsage(
                    group.Key.Placement, group.Key.Uid, group.Aggregate(default(VolumeUsage), static (sum, inode) => sum.Count(inode, 1))))];
        }
    }

    private VolumeUsage Sum(Func<InodeAttributes, bool> counts)
    {
        lock (_lock)
        {
            return _tables.Inodes.Rows.Select(static row => row.Value.Value).Where(counts)
                .Aggregate(default(VolumeUsage), static (sum, inode) => sum.Count(inode, 1));
        }
    }

    /// <inheritdoc/>
    public CommitSequence Applied => new(Volatile.Read(ref _applied));

    /// <inheritdoc/>
    public CommitSequence Durable => new(Volatile.Read(ref _durable));

    /// <inheritdoc/>
    public CancellationToken Failure => _failure.Token;

    /// <inheritdoc/>
    public ValueTask<MetadataResult<CommitSequence>> MakeDurableAsync(CommitSequence upTo, CancellationToken cancel = default)
    {
        lock (_lock)
        {
            Commit();
            return new(Durable);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChangeBatch> ChangesSinceAsync(
        CommitSequence after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        List<ChangeBatch> batches;
        lock (_lock)
        {
            batches = _changes.Where(batch => batch.Last > after).ToList();
        }

        foreach (ChangeBatch batch in batches)
        {
            await Task.Yield();
            yield return batch;
        }
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> TrimChangesAsync(CommitSequence upTo, CancellationToken cancel = default)
    {
        lock (_lock)
        {
            _changes.RemoveAll(batch => batch.Last <= upTo);
            return new(new Applied(Applied));
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChangeBatch> DumpAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        ChangeBatch dump;
        lock (_lock)
        {
            Commit();
            dump = ChangeCodec.Encode(Durable, Durable, _tables.Dump());
        }

        await Task.Yield();
        yield return dump;
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> LoadAsync(ChangeBatch batch, CancellationToken cancel = default)
    {
        if (!ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes))
        {
            return new(MetadataError.Conflict);
        }

        lock (_lock)
        {
            Commit();
            _tables.Load(changes, new CommitSequence(Math.Max(_applied + 1, batch.Last.Value)));
            _ = _tables.TakeChanges();
            _applied = Math.Max(_applied + 1, batch.Last.Value);
            _durable = _applied;
            return new(new Applied(Applied));
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _failure.Dispose();
        return ValueTask.CompletedTask;
    }

    private ValueTask<T> Read<T>(Func<T> read)
    {
        lock (_lock)
        {
            return new(read());
        }
    }

    private ValueTask<MetadataResult<Applied<T>>> Apply<T>(
        OperationId operation, Func<MetadataResult<T>> apply, bool alone = false)
    {
        lock (_lock)
        {
            if (operation != OperationId.None && _answers.TryGetValue(operation, out object? known))
            {
                return new((Applied<T>)known);
            }

            if (alone)
            {
                Commit();
            }

            MetadataResult<T> result = apply();
            if (!result.Succeeded)
            {
                return new(result.Error);
            }

            var applied = new Applied<T>(result.Value, new CommitSequence(++_applied));
            _answers[operation] = applied;
            if (alone)
            {
                Commit();
            }

            return new(applied);
        }
    }

    private async ValueTask<MetadataResult<Applied>> ApplyPlain(OperationId operation, Func<MetadataResult<bool>> apply)
    {
        MetadataResult<Applied<bool>> result = await Apply(operation, apply);
        return result.Succeeded ? new Applied(result.Value.Sequence) : result.Error;
    }

    // Under the lock.
    private void Commit()
    {
        List<RowChange> changes = _tables.TakeChanges();
        if (changes.Count > 0)
        {
            _changes.Add(ChangeCodec.Encode(new CommitSequence(_durable + 1), Applied, changes));
        }

        _durable = _applied;
    }
}
