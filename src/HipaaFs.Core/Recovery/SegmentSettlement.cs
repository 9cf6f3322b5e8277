using HipaaFs.Crypto;
using HipaaFs.Metadata;
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
    private readonly IReadOnlyList<(int Number, IObjectStore Store)> _stores;
    private readonly IProgress<RestoreProgress> _progress;
    private readonly SortedDictionary<ulong, long> _lost = [];
    private readonly Dictionary<int, Dictionary<SegmentId, long>> _stored = [];
    private long _unknown;

    /// <param name="metadata">The restored rows.</param>
    /// <param name="stores">The stores that can be read, the volume's own, number 0, first.</param>
    /// <param name="progress">Told how far it is.</param>
    internal SegmentSettlement(IMetadataStore metadata, IReadOnlyList<(int Number, IObjectStore Store)> stores, IProgress<RestoreProgress> progress)
    {
        _metadata = metadata;
        _stores = stores;
        _progress = progress;
    }

    /// <summary>Segments that rows refer to and no store has, or not whole.</summary>
    internal long Missing { get; private set; }

    /// <summary>Segments that rows refer to and only stores have that cannot be read now.</summary>
    internal long Unchecked { get; private set; }

    /// <summary>Segments of the volume's own store that no row knows.</summary>
    internal long Unknown => _unknown;

    /// <summary>Whose they are, by inode; files that only snapshots show are among them.</summary>
    internal IReadOnlyList<IncompleteFile> Files => [.. _lost.Select(static file => new IncompleteFile(new InodeId(file.Key), file.Value))];

    /// <summary>Goes through all segments.</summary>
    /// <exception cref="VolumeException">The store or the metadata failed.</exception>
    internal async Task RunAsync(CancellationToken cancel)
    {
        foreach ((int number, IObjectStore store) in _stores)
        {
            StoreResult<Dictionary<SegmentId, long>> stored = await StoredSegments.ListAsync(
                store, count => _progress.Report(new RestoreProgress("store", count, 0)), cancel);
            _stored[number] = stored.Succeeded ? stored.Value : throw StoreFailed(stored.Error);
        }

        _unknown = _stored[0].Count;
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
                _unknown -= LengthIn(0, row.Id) > 0 ? 1 : 0;
                await settle(row);
            }
        }
    }

    // 0 when the store has none.
    private long LengthIn(int store, SegmentId segment) => _stored[store].GetValueOrDefault(segment);

    // The row says which stores had it when the backup point was made. One may have lost it since; another may have got it.
    private async Task CheckLiveAsync(SegmentRow row, CancellationToken cancel)
    {
        ulong whole = 0;
        ulong read = 0;
        long longest = 0;
        foreach ((int number, _) in _stores)
        {
            long length = LengthIn(number, row.Id);
            read |= SegmentCopies.In(number);
            whole |= length == row.ObjectLength ? SegmentCopies.In(number) : 0;
            longest = Math.Max(longest, length);
        }

        ulong unread = row.Copies & ~read;
        if (whole == 0 && unread == 0)
        {
            await AddMissingAsync(new SegmentDamage(row, Math.Min(longest, row.ObjectLength)), cancel);
            return;
        }

        Unchecked += whole == 0 ? 1 : 0;
        ulong gone = row.Copies & read & ~whole;
        if (gone != 0)
        {
            MetadataResult<Applied> set = await _metadata.SetCopiesAsync(OperationId.None, row.Id, whole, gone, cancel);
            RestoreFailures.ThrowIfFailed(set.Error);
        }
    }

    // A segment that was staged when the backup point was made should be in the store: the point was published after its upload.
    private async Task SettleStagedAsync(SegmentRow row, CancellationToken cancel)
    {
        long length = 0;
        foreach ((int number, IObjectStore store) in _stores)
        {
            long stored = LengthIn(number, row.Id);
            length = Math.Max(length, stored);
            StoreResult<SegmentRow> live = stored == 0 ? StoreError.NotFound : await StoredSegment.FindAsync(store, number, row, cancel);
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
