using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>Everything the store keeps in an inode's own row.</summary>
public readonly record struct InodeAttributes
{
    /// <summary>The inode.</summary>
    public InodeId Id { get; init; }

    /// <summary>File type and permissions (inode(7)).</summary>
    public uint Mode { get; init; }

    /// <summary>Owner.</summary>
    public uint Uid { get; init; }

    /// <summary>Group.</summary>
    public uint Gid { get; init; }

    /// <summary>Names of the inode; for a directory 2 and one for each directory in it. 0 for an orphan.</summary>
    public uint LinkCount { get; init; }

    /// <summary>Number of a device, as the caller encodes it.</summary>
    public uint Device { get; init; }

    /// <summary>Size in bytes of the file, or of the plaintext of a symbolic link's target.</summary>
    public long Size { get; init; }

    /// <summary>Bytes of the file that extents cover; holes are not among them.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Last access.</summary>
    public Timestamp AccessTime { get; init; }

    /// <summary>Last change of content.</summary>
    public Timestamp ModifyTime { get; init; }

    /// <summary>Last change of content or attributes.</summary>
    public Timestamp ChangeTime { get; init; }

    /// <summary>Creation.</summary>
    public Timestamp BirthTime { get; init; }

    /// <summary>When its content came to be what it is here: a copy may have the time of an older original.</summary>
    public Timestamp LastChange => ModifyTime > BirthTime ? ModifyTime : BirthTime;

    /// <summary>The last of access, change of content and creation that is known.</summary>
    public Timestamp LastUse => AccessTime > LastChange ? AccessTime : LastChange;

    /// <summary>Key domain of the inode's data and, for a directory, of the names in it.</summary>
    public DomainId Domain { get; init; }

    /// <summary>Placement of the inode's data, as the caller numbers placements.</summary>
    public uint Placement { get; init; }

    /// <summary>What is known of other rows.</summary>
    public InodeFlags Flags { get; init; }

    /// <summary>Rises with every change of the inode's row, content or attributes.</summary>
    public ulong Version { get; init; }

    /// <summary>What the inode is.</summary>
    public InodeKind Kind => ModeBits.KindOf(Mode);

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory => (Mode & ModeBits.TypeMask) == ModeBits.Directory;

    /// <summary>Whether it is a regular file.</summary>
    public bool IsFile => (Mode & ModeBits.TypeMask) == ModeBits.File;
}
