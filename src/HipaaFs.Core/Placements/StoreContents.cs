using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>What one of a volume's stores has of its segments, by what is known of them, and what it should have.</summary>
/// <param name="Store">Its number, name, URL and region.</param>
/// <param name="IsAway">Whether it did not answer a while ago.</param>
/// <param name="Problem">Why nothing is put into it; null when nothing is known against it.</param>
/// <param name="Has">Live segments it has.</param>
/// <param name="Alone">Of those the ones that no other store has.</param>
/// <param name="Surplus">Of those the ones that their placement does not want there.</param>
/// <param name="Lacks">Live segments that their placement wants there and it has not.</param>
/// <param name="Condemned">Segments it has that nothing refers to any more: they are deleted after a grace.</param>
/// <param name="Placements">Numbers of the placements that name it.</param>
public sealed record StoreContents(
    RegisteredStore Store, bool IsAway, string? Problem, CopySum Has, CopySum Alone, CopySum Surplus, CopySum Lacks, CopySum Condemned, IReadOnlyList<uint> Placements)
{
    /// <summary>Counts them.</summary>
    internal static StoreContents Of(MemberStore member, PlacementTable placements, CopyTotals totals)
    {
        CopySum has = default;
        CopySum alone = default;
        CopySum surplus = default;
        CopySum lacks = default;
        CopySum condemned = default;
        foreach (CopyGroup group in totals.Groups)
        {
            bool hasIt = (group.Copies & member.Mask) != 0;
            bool isLive = group.State == SegmentState.Live;
            Placement? placement = placements.Find(group.Placement);
            bool isWanted = placement is null || (placement.Wanted & member.Mask) != 0; // Of a placement that is not known nothing is too much.
            has += isLive && hasIt ? group.Sum : default;
            alone += isLive && group.Copies == member.Mask ? group.Sum : default;
            surplus += isLive && hasIt && !isWanted ? group.Sum : default;
            lacks += isLive && !hasIt && placement is not null && isWanted ? group.Sum : default;
            condemned += !isLive && hasIt ? group.Sum : default;
        }

        uint[] named = [.. placements.All.Where(placement => (placement.Wanted & member.Mask) != 0).Select(static placement => placement.Number)];
        return new StoreContents(member.Registered, member.IsAway, member.Problem, has, alone, surplus, lacks, condemned, named);
    }
}
