namespace HipaaFs.Metadata;

/// <summary>Which attributes a request sets.</summary>
[Flags]
public enum AttributeMask
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>The permission bits of the mode; the file type stays.</summary>
    Mode = 1,

    /// <summary>Owner.</summary>
    Uid = 2,

    /// <summary>Group.</summary>
    Gid = 4,

    /// <summary>Size. Extents after it are cut off; growing leaves a hole.</summary>
    Size = 8,

    /// <summary>Last access.</summary>
    AccessTime = 16,

    /// <summary>Last change of content.</summary>
    ModifyTime = 32,

    /// <summary>Last change, given by the caller. Without this bit it becomes the request's time.</summary>
    ChangeTime = 64,

    /// <summary>Leave the last change as it is, whatever else is set: for access times that the file system keeps by itself.</summary>
    KeepChangeTime = 128,

    /// <summary>Creation.</summary>
    BirthTime = 256,

    /// <summary>Placement.</summary>
    Placement = 512,

    /// <summary>Key domain; only of an empty directory.</summary>
    Domain = 1024,
}
