using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Placements;

/// <summary>Gives whole segments the placement of the files in them where the two differ in tiers alone: the stores change the class of the object, and nothing is copied.</summary>
/// <remarks>
/// The object first, then the row: cut off in between, the object is in a colder tier than its row says and is read from there, and the next round does it again. Small segments that go to an archive are not
/// done so, since they are put together by directory on their way; nor is what is in an archive.
/// </remarks>
internal sealed class SegmentRetier
{
    private const long LeastForArchive = 48L << 20; // Bytes of an object that is worth a request of its own to bring back.

    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly SessionFence _fence;
    private readonly SessionClock _clock;

    internal SegmentRetier(IMetadataStore metadata, VolumeStores stores, SessionFence fence, SessionClock clock)
    {
        _metadata = metadata;
        _stores = stores;
        _fence = fence;
        _clock = clock;
    }

    /// <summary>Changes a segment all of which is of files of a placement. False when it has to be copied, or a store does not do it now.</summary>
    internal async ValueTask<bool> TryAsync(SegmentRow row, uint placement, CancellationToken cancel)
    {
        if (row.State != SegmentState.Live || Find(row, placement) is not { } changes || !await _fence.HoldsStoreAsync(cancel))
        {
            return false;
        }

        foreach ((MemberStore member, StorageTier tier) in changes)
        {
            if (await member.HoldAsync(cancel) != StoreError.None || (await member.Store!.SetTierAsync(StoreLayout.Segment(row.Id), tier, cancel)).Error != StoreError.None)
            {
                return false;
            }
        }

        MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(_clock.NextOperation(), row with { Placement = placement }, cancel);
        return updated.Succeeded;
    }

    // Null where stores differ too, or something cannot be changed in place.
    private List<(MemberStore Member, StorageTier Tier)>? Find(SegmentRow row, uint placement)
    {
        if (_stores.Placements.Find(row.Placement) is not { } from || _stores.Placements.Find(placement) is not { } to || !from.PlacesLike(to with { Tiers = from.Tiers }))
        {
            return null;
        }

        var changes = new List<(MemberStore Member, StorageTier Tier)>();
        foreach (int store in to.Stores.Where(store => from.TierOf(store) != to.TierOf(store)))
        {
            if (from.TierOf(store) == StorageTier.Archive || (to.TierOf(store) == StorageTier.Archive && row.ObjectLength < LeastForArchive))
            {
                return null;
            }

            if ((row.Copies & SegmentCopies.In(store)) == 0)
            {
                continue; // It gets its copy in the tier that is meant.
            }

            if (_stores.Find(store) is not { IsAway: false, Store.Capabilities.Tiers: true } member)
            {
                return null;
            }

            changes.Add((member, to.TierOf(store)));
        }

        return changes.Count == 0 ? null : changes;
    }
}
