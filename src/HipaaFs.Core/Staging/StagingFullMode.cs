namespace HipaaFs.Staging;

/// <summary>What a writer meets when staging is full, for want of a store that takes uploads.</summary>
public enum StagingFullMode
{
    /// <summary>It waits until uploads have made room.</summary>
    Block,

    /// <summary>It gets ENOSPC.</summary>
    NoSpace,
}
