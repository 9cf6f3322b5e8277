namespace HipaaFs.Fuse;

/// <summary>Why a mount could not be made.</summary>
public enum FuseMountFailure
{
    /// <summary>Anything else; the message says what.</summary>
    Other,

    /// <summary>/dev/fuse is missing or its driver is not loaded.</summary>
    NoDevice,

    /// <summary>The caller may not mount here, or may not use an option (allow_other without user_allow_other).</summary>
    PermissionDenied,

    /// <summary>The mount point does not exist.</summary>
    MountPointMissing,

    /// <summary>The mount point is not a directory.</summary>
    NotADirectory,

    /// <summary>The mount point is a dead FUSE mount that has to be unmounted first.</summary>
    StaleMount,

    /// <summary>Not privileged, and fusermount3 is not installed.</summary>
    FusermountMissing,

    /// <summary>The kernel speaks a protocol before 7.31.</summary>
    KernelTooOld,
}
