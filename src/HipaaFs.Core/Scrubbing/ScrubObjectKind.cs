namespace HipaaFs.Scrubbing;

/// <summary>What a restore needs of a store besides the segments.</summary>
public enum ScrubObjectKind
{
    /// <summary><c>volume.json</c>, which says whose store it is.</summary>
    VolumeMark,

    /// <summary>The newest generation of the key ring.</summary>
    KeyRing,

    /// <summary>The chains of the change stream that are kept.</summary>
    ChangeStream,

    /// <summary>Copies of key ring and change stream in further stores.</summary>
    Mirror,
}
