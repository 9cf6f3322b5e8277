namespace HipaaFs.Metadata;

/// <summary>Masks of the stores that have a segment's object: bit n is store number n. A number is never given to another store.</summary>
public static class SegmentCopies
{
    /// <summary>Store 0 alone: the volume's own.</summary>
    public const ulong Own = 1;

    /// <summary>The highest number that a store can have.</summary>
    public const int HighestStore = 63;

    /// <summary>The mask of one store.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No store can have this number.</exception>
    public static ulong In(int store)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(store);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(store, HighestStore);
        return 1UL << store;
    }

    /// <summary>The numbers in a mask, for people: "0, 2", or "none".</summary>
    public static string Describe(ulong copies) => copies == 0
        ? "none"
        : string.Join(", ", Enumerable.Range(0, HighestStore + 1).Where(store => (copies & In(store)) != 0));

    /// <summary>What a row keeps of the copies it is written with. Every engine asks here, for whatever writes a whole row.</summary>
    /// <remarks>
    /// A staged segment has none: what an upload has done so far is found out again by who goes on with it. A live one about which nothing is said is in the volume's own
    /// store, the only one there was before rows could say so. To refuse it would be less safe: who uploads takes a refusal for "nobody needs it any more".
    /// </remarks>
    public static ulong Kept(SegmentState state, ulong copies) => (state, copies) switch
    {
        (SegmentState.Staged, _) => 0,
        (SegmentState.Live, 0) => Own,
        _ => copies,
    };
}
