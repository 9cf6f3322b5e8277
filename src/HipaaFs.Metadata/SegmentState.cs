namespace HipaaFs.Metadata;

/// <summary>The life of a segment, as the store knows it.</summary>
public enum SegmentState : byte
{
    /// <summary>No state.</summary>
    None = 0,

    /// <summary>In local staging only.</summary>
    Staged = 1,

    /// <summary>In its object store.</summary>
    Live = 2,

    /// <summary>Nothing refers to it and nothing may again; to be deleted. Never comes back.</summary>
    Condemned = 3,
}
