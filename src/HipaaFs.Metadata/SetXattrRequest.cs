namespace HipaaFs.Metadata;

/// <summary>Asks to set an extended attribute (setxattr(2)).</summary>
public sealed record SetXattrRequest : MetadataRequest
{
    /// <summary>The inode.</summary>
    public InodeId Inode { get; init; }

    /// <summary>The attribute.</summary>
    public SealedXattr Xattr { get; init; }

    /// <summary>XATTR_CREATE: fails with <see cref="MetadataError.AttributeExists"/> when it is there.</summary>
    public bool MustCreate { get; init; }

    /// <summary>XATTR_REPLACE: fails with <see cref="MetadataError.NoAttribute"/> when it is not there.</summary>
    public bool MustReplace { get; init; }

    /// <summary>Permissions the inode gets with it, as an ACL demands; null leaves them.</summary>
    public uint? NewMode { get; init; }

    /// <summary>Flags to set.</summary>
    public InodeFlags SetFlags { get; init; }

    /// <summary>Flags to clear.</summary>
    public InodeFlags ClearFlags { get; init; }
}
