namespace HipaaFs.Archives;

/// <summary>Whether data can be read now.</summary>
public enum ArchiveState
{
    /// <summary>It can.</summary>
    Online,

    /// <summary>It is in an archive.</summary>
    Archived,

    /// <summary>It is on its way back from the archive.</summary>
    Recalling,

    /// <summary>It is back from the archive, for a while.</summary>
    Recalled,

    /// <summary>No store of the volume has it any more: it is no archive that it could come back from.</summary>
    Missing,
}
