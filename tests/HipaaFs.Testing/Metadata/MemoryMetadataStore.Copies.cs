using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Testing.Metadata;

/// <content>Which stores have which segments.</content>
public sealed partial class MemoryMetadataStore
{
    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> SetCopiesAsync(
        OperationId operation, SegmentId segment, ulong present, ulong absent, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(present & absent, 0UL, nameof(absent));
        return ApplyPlain(operation, () =>
        {
            if (_tables.Segments.Find(segment.Value) is not { } row)
            {
                return MetadataError.NotFound;
            }

            SegmentRow changed = row with { Copies = (row.Copies & ~absent) | present };
            bool isRefused = row.State switch
            {
                SegmentState.Live => changed.Copies == 0,
                SegmentState.Condemned => present != 0,
                _ => true,
            };
            return changed == row && !isRefused ? true : PutSegment(isRefused ? MetadataError.Conflict : MetadataError.None, changed);
        });
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListLackingAsync(
        uint placement, ulong wanted, SegmentRow? after, int limit, CancellationToken cancel = default) =>
        ListHeld(row => row.State == SegmentState.Live && row.Placement == placement && (row.Copies & wanted) != wanted, after, limit);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListHoldingAsync(
        int store, SegmentRow? after, int limit, CancellationToken cancel = default)
    {
        ulong mask = SegmentCopies.In(store);
        return ListHeld(row => (row.Copies & mask) != 0, after, limit);
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListGroupAsync(
        uint placement, ulong copies, SegmentRow? after, int limit, CancellationToken cancel = default) =>
        ListHeld(row => row.State == SegmentState.Live && row.Placement == placement && row.Copies == copies, after, limit);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<CopyTotals>> SumCopiesAsync(CancellationToken cancel = default) =>
        Read(MetadataResult<CopyTotals> () => new CopyTotals([.. _tables.Segments.Rows
            .Select(row => row.Value)
            .Where(IsHeld)
            .GroupBy(row => (row.State, row.Placement, Copies: (long)row.Copies))
            .OrderBy(group => group.Key)
            .Select(group => new CopyGroup(
                group.Key.State, group.Key.Placement, (ulong)group.Key.Copies, new CopySum(group.Count(), group.Sum(row => row.ObjectLength))))]));

    private static bool IsHeld(SegmentRow row) => row.State is SegmentState.Live or SegmentState.Condemned;

    private ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListHeld(Func<SegmentRow, bool> isMeant, SegmentRow? after, int limit) =>
        Read(MetadataResult<IReadOnlyList<SegmentRow>> () => _tables.Segments.Rows
            .Select(row => row.Value)
            .Where(row => IsHeld(row) && isMeant(row))
            .OrderBy(row => row.Changed)
            .ThenBy(row => row.Id.Value)
            .Where(row => after is not { } last || (row.Changed, row.Id.Value).CompareTo((last.Changed, last.Id.Value)) > 0)
            .Take(limit)
            .ToList());
}
