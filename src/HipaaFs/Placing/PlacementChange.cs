using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>What becomes of a placement when a store is emptied.</summary>
internal static class PlacementChange
{
    /// <summary>The placement without a store. What was a replica takes over from a primary, a synchronous one first.</summary>
    /// <returns>Null when it has no other store.</returns>
    public static Placement? Without(Placement placement, int store)
    {
        int[] sync = [.. placement.Sync.Where(other => other != store)];
        int[] late = [.. placement.Async.Where(other => other != store)];
        if (placement.Primary != store)
        {
            return placement with { Sync = sync, Async = late };
        }

        return sync.Length > 0 ? placement with { Primary = sync[0], Sync = sync[1..], Async = late }
            : late.Length > 0 ? placement with { Primary = late[0], Sync = sync, Async = late[1..] }
            : null;
    }

    /// <summary>The placement with one store in the place of another. A store that it has already takes over from the other what it is, and stays once.</summary>
    public static Placement Replace(Placement placement, int from, int to)
    {
        int[] without = [placement.Primary, .. placement.Sync, .. placement.Async];
        if (Array.IndexOf(without, to) is >= 0 and var has && has < Array.IndexOf(without, from))
        {
            return Without(placement, from)!; // It is the better one of the two already.
        }

        return placement with
        {
            Primary = Exchange(placement.Primary),
            Sync = [.. placement.Sync.Where(store => store != to).Select(Exchange)],
            Async = [.. placement.Async.Where(store => store != to).Select(Exchange)],
            Windows = new Dictionary<int, IReadOnlyList<string>>(placement.Windows.Where(windows => windows.Key != to).Select(windows => KeyValuePair.Create(Exchange(windows.Key), windows.Value))),
            Tiers = new Dictionary<int, StorageTier>(placement.Tiers) { [to] = Array.IndexOf(without, to) >= 0 ? placement.TierOf(to) : placement.TierOf(from) },
        };

        int Exchange(int store) => store == from ? to : store;
    }
}
