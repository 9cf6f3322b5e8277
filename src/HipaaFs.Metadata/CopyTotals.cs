namespace HipaaFs.Metadata;

/// <summary>What the stores of a volume hold of its segments, every applied operation counted. Exact.</summary>
/// <remarks>There are as many groups as there are placements and combinations of stores, however many segments there are.</remarks>
public sealed class CopyTotals
{
    /// <summary>Makes the totals of groups.</summary>
    public CopyTotals(IReadOnlyList<CopyGroup> groups) => Groups = groups;

    /// <summary>Live and condemned segments by state, placement and stores, in this order. No group is empty.</summary>
    public IReadOnlyList<CopyGroup> Groups { get; }

    /// <summary>What a store holds, condemned segments included: they are there until they are deleted.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No store can have this number.</exception>
    public CopySum OfStore(int store)
    {
        ulong mask = SegmentCopies.In(store);
        return Sum(group => (group.Copies & mask) != 0);
    }

    /// <summary>The live segments of a placement, each counted once however many stores have it.</summary>
    public CopySum OfPlacement(uint placement) =>
        Sum(group => group.State == SegmentState.Live && group.Placement == placement);

    /// <summary>The live segments of a placement that one of the wanted stores lacks: what <see cref="IMetadataStore.ListLackingAsync"/> lists.</summary>
    public CopySum Lacking(uint placement, ulong wanted) =>
        Sum(group => group.State == SegmentState.Live && group.Placement == placement && (group.Copies & wanted) != wanted);

    private CopySum Sum(Func<CopyGroup, bool> isMeant)
    {
        CopySum sum = default;
        foreach (CopyGroup group in Groups)
        {
            sum += isMeant(group) ? group.Sum : default;
        }

        return sum;
    }
}
