namespace HipaaFs.Platform;

/// <summary>What kind of thing a name in a directory stands for.</summary>
public enum FileStatusKind
{
    /// <summary>A symbolic link, device, pipe or socket.</summary>
    Other,

    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A directory.</summary>
    Directory,
}
