using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Placements;

/// <summary>Gives whole segments the placement of the files in them where the two differ in tiers alone: the stores change the class of the object, and nothing is copied.</summary>
/// <remarks>
/// The object first, then the row: cut off in between, the object is in a colder tier than its row says, and the next round does it again, without reading it: in an archive it could not. Small segments that go
/// to an archive are not done so, since they are put together by directory on their way; nor is what is in an archive. Not thread-safe.
/// </remarks>
internal sealed partial class SegmentRetier
{
    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly SessionFence _fence;
    private readonly SessionClock _clock;
    private readonly ILogger _logger;
    private readonly HashSet<int> _told = []; // Stores whose refusal was logged; each is told once a mount.

    internal SegmentRetier(IMetadataStore metadata, VolumeStores stores, SessionFence fence, SessionClock clock, ILogger logger)
    {
        _metadata = metadata;
        _stores = stores;
        _fence = fence;
        _clock = clock;
        _logger = logger;
    }

    /// <summary>Bytes of an object that is worth a request of its own to bring back. Defaults to 48 MiB.</summary>
    internal long LeastForArchive { get; set; } = 48L << 20;

    /// <summary>Changes a segment all of which is of files of a placement.</summary>
    internal async ValueTask<RetierOutcome> TryAsync(SegmentRow row, uint placement, CancellationToken cancel)
    {
        if (row.State != SegmentState.Live || Find(row, placement) is not { } changes)
        {
            return RetierOutcome.MustBeCopied;
        }

        if (changes.Exists(static change => change.Member.IsAway) || !await _fence.HoldsStoreAsync(cancel))
        {
            return RetierOutcome.NotNow;
        }

        foreach ((MemberStore member, StorageTier tier) in changes)
        {
            StoreError error = await member.HoldAsync(cancel);
            if (error == StoreError.None)
            {
                error = (await member.Store!.SetTierAsync(StoreLayout.Segment(row.Id), tier, cancel)).Error;
                member.Note(error);
            }

            if (error != StoreError.None)
            {
                return Judge(member, error);
            }
        }

        MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(_clock.NextOperation(), row with { Placement = placement }, cancel);
        return updated.Succeeded ? RetierOutcome.Done : RetierOutcome.NotNow;
    }

    // What a store will refuse the next time too is copied, and said: it costs reading and writing all of it. Anything else passes.
    private RetierOutcome Judge(MemberStore member, StoreError error)
    {
        bool isRefusal = error is StoreError.Unsupported or StoreError.AccessDenied or StoreError.Retained;
        if (_told.Add(member.Number))
        {
            if (isRefusal)
            {
                LogCopied(_logger, member.Number, member.Name, error);
            }
            else
            {
                LogNotNow(_logger, member.Number, member.Name, error);
            }
        }

        return isRefusal ? RetierOutcome.MustBeCopied : RetierOutcome.NotNow;
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

            if (_stores.Find(store) is not { Store.Capabilities.Tiers: true } member)
            {
                return null;
            }

            changes.Add((member, to.TierOf(store)));
        }

        return changes.Count == 0 ? null : changes;
    }

    [LoggerMessage(635, LogLevel.Warning, "Store {Number} ({Name}) does not change the class of objects ({Error}): what goes to another tier there is read and written again instead, which costs more")]
    private static partial void LogCopied(ILogger logger, int number, string name, StoreError error);

    [LoggerMessage(636, LogLevel.Warning, "Store {Number} ({Name}) did not change the class of an object ({Error}); it is tried again")]
    private static partial void LogNotNow(ILogger logger, int number, string name, StoreError error);
}
