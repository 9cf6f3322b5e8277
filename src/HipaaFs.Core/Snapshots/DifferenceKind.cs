namespace HipaaFs.Snapshots;

/// <summary>What became of a file between two states.</summary>
public enum DifferenceKind
{
    /// <summary>It is new.</summary>
    Created,

    /// <summary>It is gone.</summary>
    Removed,

    /// <summary>Its data or attributes, or for a directory its entries, changed.</summary>
    Changed,

    /// <summary>It has another name, or lies in another directory; more may have changed.</summary>
    Renamed,
}
