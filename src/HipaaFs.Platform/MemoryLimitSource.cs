namespace HipaaFs.Platform;

/// <summary>Who sets the limit of a process's memory.</summary>
public enum MemoryLimitSource
{
    /// <summary>The machine has no more.</summary>
    Physical,

    /// <summary>memory.max or memory.high of a control group, version 2.</summary>
    CgroupV2,

    /// <summary>memory.limit_in_bytes of a control group, version 1.</summary>
    CgroupV1,
}
