using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>Asks to remove an extended attribute (removexattr(2)).</summary>
public sealed record RemoveXattrRequest : MetadataRequest
{
    /// <summary>The inode.</summary>
    public InodeId Inode { get; init; }

    /// <summary>The attribute.</summary>
    public NameTag Name { get; init; }

    /// <summary>Permissions the inode gets with it; null leaves them.</summary>
    public uint? NewMode { get; init; }

    /// <summary>Flags to set.</summary>
    public InodeFlags SetFlags { get; init; }

    /// <summary>Flags to clear.</summary>
    public InodeFlags ClearFlags { get; init; }
}
