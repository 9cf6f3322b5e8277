using HipaaFs.Crypto;
using HipaaFs.Placements;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Brings one staged segment to the stores that must have it before it is live, and says which do.</summary>
/// <remarks>
/// Those are the primary of its placement and every synchronous replica, at the same time. When the primary is away, another replica stands in for it, and it gets its copy later. What a
/// store has taken and proven is not asked of it again, as long as this process lives. In a directory the primary may keep the staged file by a link; the others copy it, so that no two stores
/// share blocks. Thread-safe.
/// </remarks>
internal sealed class PlacedUpload
{
    private readonly VolumeStores _stores;
    private readonly KeyRing _ring;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, StoreError> _refusals = []; // Guarded by _lock.
    private readonly Dictionary<SegmentId, ulong> _taken = []; // Of segments that are not live yet: which stores have them. Guarded by _lock.

    internal PlacedUpload(VolumeStores stores, KeyRing ring, ILogger logger)
    {
        _stores = stores;
        _ring = ring;
        _logger = logger;
    }

    /// <summary>Tries once. The mask of the stores that have it, each with this session's claim; or why it cannot be live yet.</summary>
    internal async ValueTask<StoreResult<ulong>> TryAsync(StagedSegment segment, CancellationToken cancel)
    {
        if (_stores.Placements.Find(segment.Row.Placement) is not { } placement || _stores.Find(placement.Primary) is not { } primary)
        {
            return StoreError.InvalidRequest; // Its placement is not known: it stays staged rather than go where it may not be.
        }

        bool isStoodInFor = placement.Async.Count > 0 && primary.IsAway;
        Task<StoreError>[] replicas = [.. placement.Sync.Select(number => Task.Run(() => TryAsync(_stores.Find(number), placement, segment, mayLink: false, cancel), cancel))];
        StoreError error = isStoodInFor ? StoreError.Unavailable : await TryAsync(primary, placement, segment, mayLink: true, cancel);
        foreach (StoreError outcome in await Task.WhenAll(replicas))
        {
            if (outcome != StoreError.None)
            {
                return outcome;
            }
        }

        if (error != StoreError.None && (!IsAway(error) || !await TryStandInAsync(placement, segment, cancel)))
        {
            return error;
        }

        lock (_lock)
        {
            _taken.Remove(segment.Id, out ulong copies); // Should its row not take it, the next try looks at every store again.
            copies = _stores.ActiveOf(copies);
            return copies != 0 ? copies : StoreError.Unavailable; // The one that had it was taken away meanwhile.
        }
    }

    /// <summary>Why a store did not take what was brought to it last; None when it did, or nothing was.</summary>
    internal StoreError RefusalOf(int store)
    {
        lock (_lock)
        {
            return _refusals.GetValueOrDefault(store);
        }
    }

    /// <summary>See <see cref="SegmentUpload.IsHopeless"/>.</summary>
    internal bool IsHopeless(StagedSegment segment, StoreError error) => UploadTo(_stores.Home.Store!, StorageTier.Hot).IsHopeless(segment, error);

    private async Task<bool> TryStandInAsync(Placement placement, StagedSegment segment, CancellationToken cancel)
    {
        IEnumerable<MemberStore?> others = placement.Async.Select(_stores.Find);
        foreach (MemberStore? other in others.OrderBy(static store => store?.IsAway != false))
        {
            if (await TryAsync(other, placement, segment, mayLink: false, cancel) == StoreError.None)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<StoreError> TryAsync(MemberStore? member, Placement placement, StagedSegment segment, bool mayLink, CancellationToken cancel)
    {
        if (member is null)
        {
            return StoreError.InvalidRequest;
        }

        StoreError outcome = await BringAsync(member, placement, segment, mayLink, cancel);
        lock (_lock)
        {
            _refusals[member.Number] = outcome;
        }

        return outcome;
    }

    private async Task<StoreError> BringAsync(MemberStore member, Placement placement, StagedSegment segment, bool mayLink, CancellationToken cancel)
    {
        if (HasTaken(member, segment.Id))
        {
            // Another store was waited for, for days perhaps: this one may be another by now, or an older state of itself.
            StoreError held = await member.HoldAsync(cancel);
            if (held != StoreError.None)
            {
                lock (_lock)
                {
                    _taken[segment.Id] &= ~member.Mask;
                }
            }

            return held == StoreError.None ? StoreError.None : StoreError.Unavailable;
        }

        if (!await member.MayTakeAsync(cancel))
        {
            return StoreError.Unavailable;
        }

        StoreError error = await UploadTo(member.Store!, placement.TierOf(member.Number)).TryAsync(segment, mayLink, cancel);
        member.Note(error);
        if (error != StoreError.None)
        {
            return error;
        }

        // It is in a store; whether in this volume's, the claim says, which was put there first.
        if (await member.HoldAsync(cancel) != StoreError.None)
        {
            return StoreError.Unavailable;
        }

        lock (_lock)
        {
            _taken[segment.Id] = _taken.GetValueOrDefault(segment.Id) | member.Mask;
        }

        return StoreError.None;
    }

    private bool HasTaken(MemberStore member, SegmentId segment)
    {
        lock (_lock)
        {
            return (_taken.GetValueOrDefault(segment) & member.Mask) != 0;
        }
    }

    private SegmentUpload UploadTo(IObjectStore store, StorageTier tier) => new(store, tier, _ring, _logger);

    private static bool IsAway(StoreError error) =>
        error is StoreError.Unavailable or StoreError.TimedOut or StoreError.Throttled or StoreError.AccessDenied or StoreError.NoSpace;
}
