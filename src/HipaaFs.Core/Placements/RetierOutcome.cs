namespace HipaaFs.Placements;

/// <summary>What came of changing the class of a segment's objects where they are.</summary>
internal enum RetierOutcome
{
    /// <summary>The objects and the row are what they should be.</summary>
    Done,

    /// <summary>It cannot be done in place: its data has to be copied.</summary>
    MustBeCopied,

    /// <summary>A store did not do it now: it is tried again in the next round, and nothing is copied for that.</summary>
    NotNow,
}
