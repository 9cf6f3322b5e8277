namespace HipaaFs;

/// <summary>What fallocate(2) does to a range.</summary>
public enum AllocateMode
{
    /// <summary>Nothing but growing the file to its end: space is not reserved in an object store.</summary>
    Allocate,

    /// <summary>Nothing at all (FALLOC_FL_KEEP_SIZE).</summary>
    AllocateKeepSize,

    /// <summary>The range becomes a hole, the size stays.</summary>
    PunchHole,

    /// <summary>The range becomes zeros; the file grows when it is longer.</summary>
    ZeroRange,

    /// <summary>The range becomes zeros, the size stays.</summary>
    ZeroRangeKeepSize,
}
