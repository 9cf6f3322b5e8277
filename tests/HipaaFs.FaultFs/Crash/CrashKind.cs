namespace HipaaFs.FaultFs.Crash;

/// <summary>What of the unsynced is kept when the power goes.</summary>
public enum CrashKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Everything: the process died, the machine did not.</summary>
    All,

    /// <summary>All names, no data.</summary>
    Names,

    /// <summary>All data, no names.</summary>
    Data,

    /// <summary>What the dice say: sectors of 512 bytes one by one, names in the order that the file system allows.</summary>
    Dice,
}
