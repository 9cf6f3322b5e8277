namespace HipaaFs.Sessions;

/// <summary>What a comparison of a store with one copy of its volume shows.</summary>
internal enum RollbackFinding
{
    /// <summary>They belong together.</summary>
    None,

    /// <summary>The store lacks what this copy has published: it was put back to an older state, or lost objects.</summary>
    StoreIsOlder,

    /// <summary>The store has what this copy published and does not know any more: the copy was put back to an older state.</summary>
    CopyIsOlder,

    /// <summary>Another copy of the volume was opened for writing since.</summary>
    OtherIsNewer,

    /// <summary>The store is another volume's, or none: what answers now at its place is not what the volume was made with.</summary>
    StoreIsAnothers,

    /// <summary>This copy was restored, and the store lacks segments that it had then: whoever has the volume deleted them.</summary>
    SegmentsAreGone,
}
