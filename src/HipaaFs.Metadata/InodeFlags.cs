namespace HipaaFs.Metadata;

/// <summary>What is known of an inode without reading its other rows.</summary>
[Flags]
public enum InodeFlags : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It has extended attributes. Kept by the store; a caller cannot set it.</summary>
    HasXattrs = 1,

    /// <summary>One of them is a POSIX access ACL. Set and cleared by the caller, who alone knows attribute names.</summary>
    HasAccessAcl = 2,

    /// <summary>One of them is a POSIX default ACL. Set and cleared by the caller.</summary>
    HasDefaultAcl = 4,

    /// <summary>Somebody asked for the tier that it has: it does not leave it by age. Set and cleared by the caller.</summary>
    KeepsTier = 8,
}
