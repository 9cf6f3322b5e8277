using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>Compares the segments of restored metadata with what the stores have: what is there becomes live, what is not is told file by file.</summary>
/// <remarks>Used once.</remarks>
internal sealed class SegmentSettlement
{
    private const int PageSize = 256;

    private readonly IMetadataStore _metadata;
    private readonly RestingStores _stores;
    private readonly int _home;
    private readonly IProgress<RestoreProgress> _progress;
    private readonly SortedDictionary<ulong, long> _lost = [];
    private long _unknown;

    /// <param name="metadata">The restored rows.</param>
    /// <param name="stores">The volume's stores.</param>
    /// <param name="home">Number of its home.</param>
    /// <param name="progress">Told how far it is.</param>
    internal SegmentSettlement(IMetadataStore metadata, RestingStores stores, int home, IProgress<RestoreProgress> progress)
    {
        _metadata = metadata;
        _stores = stores;
        _home = home;
        _progress = progress;
    }

    /// <summary>Segments that rows refer to and no store has, or not whole.</summary>
    internal long Missing { get; private set; }

    /// <summary>Segments that rows refer to and only stores have, or may have, that cannot be read now.</summary>
    internal long Unchecked { get; private set; }

    /// <summary>Segments of the volume's home that no row knows.</summary>
    internal long Unknown => _unknown;

    /// <summary>Whose they are, by inode; files that only snapshots show are among them.</summary>
    internal IReadOnlyList<IncompleteFile> Files => [.. _lost.Select(static file => new IncompleteFile(new InodeId(file.Key), file.Value))];

    /// <summary>Goes through all segments.</summary>
    /// <exception cref="VolumeException">No store can be read, or the metadata failed.</exception>
    internal async Task RunAsync(CancellationToken cancel)
    {
        await _stores.ListAsync(count => _progress.Report(new RestoreProgress("store", count, 0)), cancel);
        _unknown = _stores.CountIn(_home);
        await ForEachAsync(SegmentState.Live, row => CheckLiveAsync(row, cancel), cancel);
        await ForEachAsync(SegmentState.Staged, row => SettleStagedAsync(row, cancel), cancel);
        await ForEachAsync(SegmentState.Condemned, static _ => Task.CompletedTask, cancel);
    }

    private async Task ForEachAsync(SegmentState state, Func<SegmentRow, Task> settle, CancellationToken cancel)
    {
        SegmentId? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListSegmentsAsync(state, after, PageSize, cancel);
            RestoreFailures.ThrowIfFailed(rows.Error);
            if (rows.Value.Count == 0)
            {
                return;
            }

            foreach (SegmentRow row in rows.Value)
            {
                after = row.Id;
                _unknown -= _stores.HasIn(_home, row.Id) ? 1 : 0;
                await settle(row);
            }
        }
    }

    // The row says which stores had it when the backup point was made. One may have lost it since; another may have got it.
    private async Task CheckLiveAsync(SegmentRow row, CancellationToken cancel)
    {
        ulong whole = _stores.FindWhole(row);
        if (whole == 0 && (row.Copies & ~_stores.Read) == 0)
        {
            await AddMissingAsync(new SegmentDamage(row, Math.Min(_stores.FindLongestIn(row.Id).Length, row.ObjectLength)), cancel);
            return;
        }

        Unchecked += whole == 0 ? 1 : 0;
        ulong gone = row.Copies & _stores.Read & ~whole;
        if (gone != 0)
        {
            MetadataResult<Applied> set = await _metadata.SetCopiesAsync(OperationId.None, row.Id, whole, gone, cancel);
            RestoreFailures.ThrowIfFailed(set.Error);
        }
    }

    // A segment that was staged when the backup point was made should be in a store: the point was published after its upload. As long as a store cannot be read it may be
    // there, and a mount that reaches it finds it.
    private async Task SettleStagedAsync(SegmentRow row, CancellationToken cancel)
    {
        bool isArchived = false;
        foreach ((int number, _) in _stores.FindIn(row.Id))
        {
            StoreResult<SegmentRow> live = await StoredSegment.FindAsync(_stores[number], number, row, cancel);
            if (live.Succeeded)
            {
                MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(
                    OperationId.None, live.Value with { Copies = live.Value.Copies | _stores.FindWhole(live.Value) }, cancel);
                RestoreFailures.ThrowIfFailed(updated.Error);
                return;
            }

            isArchived |= live.Error == StoreError.Archived;
            if (live.Error is not (StoreError.NotFound or StoreError.Corrupt or StoreError.Archived))
            {
                _stores.Doubt(number, live.Failure!);
            }
        }

        if (_stores.Unread != 0 || isArchived)
        {
            Unchecked++;
            return;
        }

        (int most, long length) = _stores.FindLongestIn(row.Id);
        long needed = await AddMissingAsync(new SegmentDamage(row, length), cancel);
        MetadataResult<Applied> lost = await _metadata.UpdateSegmentAsync(OperationId.None, SegmentDamage.GivenUp(row, needed, most), cancel);
        RestoreFailures.ThrowIfFailed(lost.Error);
    }

    private async Task<long> AddMissingAsync(SegmentDamage damage, CancellationToken cancel)
    {
        Missing++;
        long needed = AddLost(damage, await _metadata.GetSegmentUsesAsync(damage.Row.Id, cancel));
        return Math.Max(needed, AddLost(damage, await _metadata.GetSegmentPastUsesAsync(damage.Row.Id, cancel)));
    }

    // Returns how much of the segment the uses reach.
    private long AddLost(SegmentDamage damage, MetadataResult<IReadOnlyList<SegmentUse>> uses)
    {
        RestoreFailures.ThrowIfFailed(uses.Error);
        long needed = 0;
        foreach (SegmentUse use in uses.Value)
        {
            needed = Math.Max(needed, use.Extent.PlaintextOffset + use.Extent.Length);
            long lost = damage.BytesLost(use.Extent);
            if (lost > 0)
            {
                _lost[use.Inode.Value] = _lost.GetValueOrDefault(use.Inode.Value) + lost;
            }
        }

        return needed;
    }
}
