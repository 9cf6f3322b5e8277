namespace HipaaFs.Metadata;

/// <summary>What an inode is, as the file type bits of its mode say (inode(7)).</summary>
public enum InodeKind
{
    /// <summary>The file type bits are none of those below.</summary>
    Unknown = 0,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    SymbolicLink,

    /// <summary>A named pipe.</summary>
    Fifo,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A character device.</summary>
    CharacterDevice,

    /// <summary>A block device.</summary>
    BlockDevice,
}
