using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>Asks to remove an entry (unlink(2), rmdir(2)) and, with the last name, the inode.</summary>
public sealed record UnlinkRequest : MetadataRequest
{
    /// <summary>The directory.</summary>
    public InodeId Parent { get; init; }

    /// <summary>The entry.</summary>
    public NameTag Name { get; init; }

    /// <summary>The inode the entry must name, else <see cref="MetadataError.Conflict"/>. Null: whatever it names.</summary>
    public InodeId? ExpectedInode { get; init; }

    /// <summary>True removes an empty directory and nothing else; false removes anything but a directory.</summary>
    public bool Directory { get; init; }

    /// <summary>Whether an inode that loses its last name stays, as an orphan of <see cref="Session"/>, until it is released.</summary>
    public bool KeepOrphan { get; init; }

    /// <summary>The session that has the inode open.</summary>
    public SessionId Session { get; init; }
}
