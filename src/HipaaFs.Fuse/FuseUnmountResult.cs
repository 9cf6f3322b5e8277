namespace HipaaFs.Fuse;

/// <summary>Outcome of an unmount.</summary>
public enum FuseUnmountResult
{
    /// <summary>The mount is detached. With lazy, open files keep the session alive until they are closed.</summary>
    Unmounted,

    /// <summary>Nothing is mounted there any more.</summary>
    NotMounted,

    /// <summary>Files are open, or a process works inside.</summary>
    Busy,

    /// <summary>Refused or failed for another reason.</summary>
    Failed,
}
