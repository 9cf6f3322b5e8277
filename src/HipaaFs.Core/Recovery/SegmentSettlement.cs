using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>Compares the segments of restored metadata with what the store has: what is there becomes live, what is not is told file by file.</summary>
/// <remarks>Used once.</remarks>
internal sealed class SegmentSettlement
{
    private const int PageSize = 256;

    private readonly IMetadataStore _metadata;
    private readonly IObjectStore _store;
    private readonly IProgress<RestoreProgress> _progress;
    private readonly SortedDictionary<ulong, long> _lost = [];
    private Dictionary<SegmentId, long> _stored = [];

    internal SegmentSettlement(IMetadataStore metadata, IObjectStore store, IProgress<RestoreProgress> progress)
    {
        _metadata = metadata;
        _store = store;
        _progress = progress;
    }

    /// <summary>Segments that rows refer to and the store does not have, or not whole.</summary>
    internal long Missing { get; private set; }

    /// <summary>Segments of the store that no row knows.</summary>
    internal long Unknown => _stored.Count;

    /// <summary>Whose they are, by inode; files that only snapshots show are among them.</summary>
    internal IReadOnlyList<IncompleteFile> Files => [.. _lost.Select(static file => new IncompleteFile(new InodeId(file.Key), file.Value))];

    /// <summary>Goes through all segments.</summary>
    /// <exception cref="VolumeException">The store or the metadata failed.</exception>
    internal async Task RunAsync(CancellationToken cancel)
    {
        StoreResult<Dictionary<SegmentId, long>> stored = await StoredSegments.ListAsync(
            _store, count => _progress.Report(new RestoreProgress("store", count, 0)), cancel);
        _stored = stored.Succeeded ? stored.Value : throw StoreFailed(stored.Error);
        await ForEachAsync(SegmentState.Live, (row, length) => CheckLiveAsync(row, length, cancel), cancel);
        await ForEachAsync(SegmentState.Staged, (row, length) => SettleStagedAsync(row, length, cancel), cancel);
        await ForEachAsync(SegmentState.Condemned, static (_, _) => Task.CompletedTask, cancel);
    }

    private async Task ForEachAsync(SegmentState state, Func<SegmentRow, long, Task> settle, CancellationToken cancel)
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
                _stored.Remove(row.Id, out long length);
                await settle(row, length);
            }
        }
    }

    private async Task CheckLiveAsync(SegmentRow row, long length, CancellationToken cancel)
    {
        if (length != row.ObjectLength)
        {
            await AddMissingAsync(new SegmentDamage(row, Math.Min(length, row.ObjectLength)), cancel);
        }
    }

    // A segment that was staged when the backup point was made should be in the store: the point was published after its upload.
    private async Task SettleStagedAsync(SegmentRow row, long length, CancellationToken cancel)
    {
        StoreResult<SegmentRow> live = length == 0 ? StoreError.NotFound : await StoredSegment.FindAsync(_store, row, cancel);
        if (live.Succeeded)
        {
            MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(OperationId.None, live.Value, cancel);
            RestoreFailures.ThrowIfFailed(updated.Error);
            return;
        }

        if (live.Error is not (StoreError.NotFound or StoreError.Corrupt))
        {
            throw StoreFailed(live.Error);
        }

        long needed = await AddMissingAsync(new SegmentDamage(row, length), cancel);
        MetadataResult<Applied> lost = await _metadata.UpdateSegmentAsync(OperationId.None, SegmentDamage.GivenUp(row, needed), cancel);
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

    private static VolumeException StoreFailed(StoreError error) =>
        new(VolumeFailure.Store, $"restore: look for the segments in the store: {error}", "make the store reachable and try again");
}
