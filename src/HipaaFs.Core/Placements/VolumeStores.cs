using HipaaFs.Metadata;
using HipaaFs.Spending;
using HipaaFs.Storage;

namespace HipaaFs.Placements;

/// <summary>The stores of a volume by number, and its placements.</summary>
/// <remarks>Thread-safe. Stores are added, never taken away, while the volume is open; it owns all but the one that is the home in the end, which the volume does.</remarks>
internal sealed class VolumeStores : IAsyncDisposable
{
    private volatile MemberStore[] _members;
    private volatile int[] _mirrors = [];
    private volatile int[] _formerMirrors = [];

    /// <param name="members">All stores; the number of each is its place, and one of them is the home.</param>
    /// <param name="placements">The placements.</param>
    internal VolumeStores(IReadOnlyList<MemberStore> members, PlacementTable placements)
    {
        _members = [.. members];
        Placements = placements;
    }

    /// <summary>Held by who defines a placement, and by who deletes copies that none wants: what is wanted does not change in between.</summary>
    internal SemaphoreSlim Definition { get; } = new(1, 1);

    /// <summary>Held by who copies from the home to mirrors, and by who makes another store the home or stops one from being a mirror.</summary>
    internal SemaphoreSlim Mirroring { get; } = new(1, 1);

    /// <summary>The placements.</summary>
    internal PlacementTable Placements { get; }

    /// <summary>What stores are not asked for while their budgets are used up.</summary>
    internal SpendingStops Stops { get; } = new();

    /// <summary>What stores were asked to bring back from their archives.</summary>
    internal RestoreCounts Restores { get; } = new();

    /// <summary>All stores, those too that were removed; the number of each is its place.</summary>
    internal IReadOnlyList<MemberStore> All => _members;

    /// <summary>The stores that were not removed, by number.</summary>
    internal IEnumerable<MemberStore> Active => _members.Where(static member => !member.IsRemoved);

    /// <summary>The volume's home: change stream, key ring and the claims that fence are there.</summary>
    internal MemberStore Home => _members.First(static member => member.IsHome);

    /// <summary>The stores beside the home that get change stream and key ring too.</summary>
    internal IEnumerable<MemberStore> Mirrors => _mirrors.Select(Find).OfType<MemberStore>().Where(static member => !member.IsHome && !member.IsRemoved);

    /// <summary>Stores that were mirrors, and lose what they have of change stream and key ring.</summary>
    internal IEnumerable<MemberStore> FormerMirrors => _formerMirrors.Select(Find).OfType<MemberStore>().Where(member => !member.IsHome && !member.IsRemoved && !_mirrors.Contains(member.Number));

    /// <summary>Says which those are. The home may be among them.</summary>
    internal void SetMirrors(IReadOnlyList<int> numbers, IReadOnlyList<int> former)
    {
        _mirrors = [.. numbers];
        _formerMirrors = [.. former];
    }

    /// <summary>Whether there is one store only: everything is there, and nobody needs to ask where.</summary>
    internal bool IsSingle => _members.Length == 1;

    /// <summary>The store of a number; null when there is none.</summary>
    internal MemberStore? Find(int number)
    {
        MemberStore[] members = _members;
        return number >= 0 && number < members.Length ? members[number] : null;
    }

    /// <summary>Adds the next one. One caller at a time.</summary>
    internal void Add(MemberStore store) => _members = [.. _members, store];

    /// <summary>The stores of a mask that are known and were not removed.</summary>
    internal IEnumerable<MemberStore> In(ulong mask) => _members.Where(member => (mask & member.Mask) != 0 && !member.IsRemoved);

    /// <summary>What of a mask was not removed.</summary>
    internal ulong ActiveOf(ulong mask) => mask & ~_members.Aggregate(0UL, static (removed, member) => removed | (member.IsRemoved ? member.Mask : 0));

    /// <summary>The stores that should have a segment: those of its placement.</summary>
    internal ulong WantedBy(uint placement) => Placements.Find(placement)?.Wanted ?? 0;

    /// <summary>The tier of a segment's copy: by the placement, unless the store has none. Hot where nothing is known.</summary>
    internal StorageTier TierOf(uint placement, MemberStore member) =>
        member.Store is { Capabilities.Tiers: false } ? StorageTier.Hot : Placements.Find(placement)?.TierOf(member.Number) ?? StorageTier.Hot;

    /// <summary>Whether one of the stores of a placement keeps its segments in an archive.</summary>
    internal bool HasArchive(uint placement) => Placements.HasArchive && In(WantedBy(placement)).Any(member => TierOf(placement, member) == StorageTier.Archive);

    /// <summary>Whether a store has a segment where it can be read without being brought back.</summary>
    internal bool IsOnline(in SegmentRow row)
    {
        foreach (MemberStore member in _members)
        {
            if ((row.Copies & member.Mask) != 0 && !member.IsRemoved && TierOf(row.Placement, member) != StorageTier.Archive)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The stores that have a segment, in the order in which to ask them: as its placement names them, then others; those that have it in an archive, are away, or are to be avoided, last.
    /// </summary>
    internal List<MemberStore> InOrder(in SegmentRow row, ulong avoid)
    {
        var order = new List<MemberStore>();
        ulong left = row.Copies;
        foreach (int number in Placements.Find(row.Placement)?.Stores ?? [])
        {
            if (Find(number) is { } member && (left & member.Mask) != 0)
            {
                order.Add(member);
                left &= ~member.Mask;
            }
        }

        order.AddRange(In(left));
        avoid = (row.Copies & ~avoid) == 0 ? 0 : avoid;
        uint placement = row.Placement;
        return [.. order.OrderBy(member =>
            ((avoid & member.Mask) != 0 ? 4 : 0) + (TierOf(placement, member) == StorageTier.Archive ? 2 : 0) + (member.IsAway ? 1 : 0))]; // Stable.
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (MemberStore member in _members.Where(static member => !member.IsHome))
        {
            await member.DisposeAsync();
        }

        Definition.Dispose();
        Mirroring.Dispose();
    }
}
