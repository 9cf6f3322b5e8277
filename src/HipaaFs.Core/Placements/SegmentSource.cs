using HipaaFs.Archives;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Placements;

/// <summary>Reads segments from whichever store has them and answers.</summary>
/// <remarks>
/// Copies are asked in the order of the segment's placement: primary, synchronous replicas, the others. Whatever one fails of, the next is asked within the same request, and
/// one that did not answer, or not within some seconds, is not asked by later requests for a while. Of a volume with one store no row is read and nothing is chosen. Thread-safe.
/// </remarks>
internal sealed class SegmentSource
{
    // Above what a MiB takes on a link that is worth reading from, several requests side by side, below what a store's repeats and time-outs add up to; and what a longer one may take.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PerMebibyte = TimeSpan.FromSeconds(1);

    private readonly VolumeStores _stores;
    private readonly IMetadataStore _metadata;
    private readonly RecallTable _recalls;
    private readonly TimeProvider _time;

    internal SegmentSource(VolumeStores stores, IMetadataStore metadata, RecallTable recalls, TimeProvider time)
    {
        _stores = stores;
        _metadata = metadata;
        _recalls = recalls;
        _time = time;
    }

    /// <summary>Whether there is one store only.</summary>
    internal bool IsSingle => _stores.IsSingle;

    /// <summary>Reads a range of a segment's object.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="offset">The first byte wanted.</param>
    /// <param name="destination">Filled.</param>
    /// <param name="needed">Bytes of it that the object must have: fewer are <see cref="StoreError.Corrupt"/>.</param>
    /// <param name="avoid">Mask of the stores whose copy is not to be trusted: they are asked last.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The bytes read and the store that gave them; else what the first one failed of.</returns>
    internal async ValueTask<StoreResult<SourceRead>> ReadAsync(
        SegmentId segment, long offset, Memory<byte> destination, int needed, ulong avoid, CancellationToken cancel)
    {
        if (_stores.IsSingle)
        {
            return await ReadFromAsync(_stores.Home, segment, offset, destination, needed, cancel);
        }

        MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
        if (!row.Succeeded)
        {
            return row.Error == MetadataError.NotFound ? StoreError.NotFound : StoreError.Unavailable;
        }

        StoreFailure? first = null;
        List<MemberStore> order = _stores.InOrder(row.Value, avoid);
        foreach (MemberStore member in order)
        {
            StoreResult<SourceRead> read = member == order[^1]
                ? await ReadFromAsync(member, segment, offset, destination, needed, cancel)
                : await ReadSoonAsync(member, segment, offset, destination, needed, cancel);
            if (read.Succeeded)
            {
                return read;
            }

            first ??= read.Failure;
        }

        return first ?? StoreFailure.Of(StoreError.NotFound);
    }

    /// <summary>Whether a copy of a segment can be read without bringing it back from an archive. Nobody is asked about one that is known to be there.</summary>
    internal async ValueTask<bool> IsReadableAsync(SegmentRow row, CancellationToken cancel)
    {
        foreach (MemberStore member in _stores.IsSingle ? [_stores.Home] : _stores.InOrder(row, 0))
        {
            bool isArchived = _stores.TierOf(row.Placement, member) == StorageTier.Archive && !_recalls.IsBack(row.Id);
            if (!isArchived && member.Store is { } store)
            {
                StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(StoreLayout.Segment(row.Id), cancel);
                member.Note(found.Error);
                if (found.Succeeded && found.Value is { Tier: not StorageTier.Archive } or { Restore: RestoreState.Available })
                {
                    return true;
                }
            }
        }

        return false;
    }

    private async ValueTask<StoreResult<SourceRead>> ReadSoonAsync(
        MemberStore member, SegmentId segment, long offset, Memory<byte> destination, int needed, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(Patience + (PerMebibyte * (destination.Length >> 20)), _time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            return await ReadFromAsync(member, segment, offset, destination, needed, ends.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            member.Note(StoreError.TimedOut);
            return StoreError.TimedOut;
        }
    }

    private static async ValueTask<StoreResult<SourceRead>> ReadFromAsync(
        MemberStore member, SegmentId segment, long offset, Memory<byte> destination, int needed, CancellationToken cancel)
    {
        if (member.Store is not { } store)
        {
            return StoreError.Unavailable;
        }

        StoreResult<int> read = await store.ReadAsync(StoreLayout.Segment(segment), EntityTag.Any, offset, destination, cancel);
        member.Note(read.Error);
        return !read.Succeeded ? read.Failure!
            : read.Value < needed ? StoreError.Corrupt // The object was cut off.
            : new SourceRead(read.Value, member.Number);
    }
}
