namespace HipaaFs.Volumes;

/// <summary>How a volume is closed.</summary>
public enum VolumeStop
{
    /// <summary>Everything is committed; what is staged stays staged and is uploaded after the next mount.</summary>
    Commit,

    /// <summary>Everything is uploaded and published first.</summary>
    Drain,
}
