namespace HipaaFs.Metadata;

/// <summary>The bits of an inode's mode (inode(7)), with their values on every platform.</summary>
public static class ModeBits
{
    /// <summary>S_IFMT: the bits that hold the file type.</summary>
    public const uint TypeMask = 0xF000;

    /// <summary>S_IFSOCK.</summary>
    public const uint Socket = 0xC000;

    /// <summary>S_IFLNK.</summary>
    public const uint SymbolicLink = 0xA000;

    /// <summary>S_IFREG.</summary>
    public const uint File = 0x8000;

    /// <summary>S_IFBLK.</summary>
    public const uint BlockDevice = 0x6000;

    /// <summary>S_IFDIR.</summary>
    public const uint Directory = 0x4000;

    /// <summary>S_IFCHR.</summary>
    public const uint CharacterDevice = 0x2000;

    /// <summary>S_IFIFO.</summary>
    public const uint Fifo = 0x1000;

    /// <summary>Permissions with set-user-id, set-group-id and sticky: 07777.</summary>
    public const uint PermissionMask = 0xFFF;

    /// <summary>What the type bits of <paramref name="mode"/> say.</summary>
    public static InodeKind KindOf(uint mode) => (mode & TypeMask) switch
    {
        File => InodeKind.File,
        Directory => InodeKind.Directory,
        SymbolicLink => InodeKind.SymbolicLink,
        Fifo => InodeKind.Fifo,
        Socket => InodeKind.Socket,
        CharacterDevice => InodeKind.CharacterDevice,
        BlockDevice => InodeKind.BlockDevice,
        _ => InodeKind.Unknown,
    };
}
