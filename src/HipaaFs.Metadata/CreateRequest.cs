using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>Asks for a new inode, and mostly for an entry that names it.</summary>
public sealed record CreateRequest : MetadataRequest
{
    /// <summary>
    /// The directory. Null creates an inode without a name, which is an orphan of <see cref="Session"/> until it is linked
    /// (O_TMPFILE); null with <see cref="InodeId.Root"/> as the new inode creates the root directory.
    /// </summary>
    public InodeId? Parent { get; init; }

    /// <summary>The entry's name; not used without a parent.</summary>
    public EntryName Name { get; init; }

    /// <summary>Number of the new inode, from a range the session reserved.</summary>
    public InodeId NewInode { get; init; }

    /// <summary>File type and permissions.</summary>
    public uint Mode { get; init; }

    /// <summary>Owner.</summary>
    public uint Uid { get; init; }

    /// <summary>Group.</summary>
    public uint Gid { get; init; }

    /// <summary>Number of a device.</summary>
    public uint Device { get; init; }

    /// <summary>Size: of a symbolic link's target in plaintext; 0 for everything else.</summary>
    public long Size { get; init; }

    /// <summary>Key domain.</summary>
    public DomainId Domain { get; init; }

    /// <summary>Placement.</summary>
    public uint Placement { get; init; }

    /// <summary>Flags that the caller keeps.</summary>
    public InodeFlags Flags { get; init; }

    /// <summary>Target of a symbolic link; empty for everything else.</summary>
    public ReadOnlyMemory<byte> SealedTarget { get; init; }

    /// <summary>Extended attributes the inode is born with, such as inherited ACLs.</summary>
    public IReadOnlyList<SealedXattr> Xattrs { get; init; } = [];

    /// <summary>The session that owns the inode while it has no name.</summary>
    public SessionId Session { get; init; }
}
