using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>Asks to change attributes of an inode.</summary>
public sealed record SetAttributesRequest : MetadataRequest
{
    /// <summary>The inode.</summary>
    public InodeId Inode { get; init; }

    /// <summary>Which of the values below count.</summary>
    public AttributeMask Mask { get; init; }

    /// <summary>Permissions; the file type bits are not used.</summary>
    public uint Mode { get; init; }

    /// <summary>Owner.</summary>
    public uint Uid { get; init; }

    /// <summary>Group.</summary>
    public uint Gid { get; init; }

    /// <summary>Size of a regular file.</summary>
    public long Size { get; init; }

    /// <summary>Last access.</summary>
    public Timestamp AccessTime { get; init; }

    /// <summary>Last change of content.</summary>
    public Timestamp ModifyTime { get; init; }

    /// <summary>Last change.</summary>
    public Timestamp ChangeTime { get; init; }

    /// <summary>Creation.</summary>
    public Timestamp BirthTime { get; init; }

    /// <summary>Placement.</summary>
    public uint Placement { get; init; }

    /// <summary>Key domain.</summary>
    public DomainId Domain { get; init; }

    /// <summary>Flags to set; counts without a mask bit.</summary>
    public InodeFlags SetFlags { get; init; }

    /// <summary>Flags to clear; counts without a mask bit.</summary>
    public InodeFlags ClearFlags { get; init; }

    /// <summary>The version the inode must have, else <see cref="MetadataError.Conflict"/>. Null: any.</summary>
    public ulong? ExpectedVersion { get; init; }
}
