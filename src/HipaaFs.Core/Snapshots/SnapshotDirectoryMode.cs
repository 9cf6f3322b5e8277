namespace HipaaFs.Snapshots;

/// <summary>How a mount shows its snapshots (<c>-o snapdir=</c>).</summary>
public enum SnapshotDirectoryMode
{
    /// <summary><c>.snapshots</c> in the root is found by look-up, and not listed.</summary>
    Hidden,

    /// <summary>It is listed too.</summary>
    Visible,

    /// <summary>It is not there.</summary>
    Off,
}
