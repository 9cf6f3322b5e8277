namespace HipaaFs.Cli.Mounting;

/// <summary>Owner, group and permission bits that a mount shows instead of the stored ones.</summary>
/// <param name="UserId">Owner of everything; null shows the stored owners.</param>
/// <param name="GroupId">Group of everything; null shows the stored groups.</param>
/// <param name="FileMask">Permission bits taken from 0777 for what is no directory; null shows the stored ones.</param>
/// <param name="DirectoryMask">The same for directories.</param>
internal sealed record OwnershipOverride(uint? UserId, uint? GroupId, uint? FileMask, uint? DirectoryMask)
{
    /// <summary>Shows what is stored.</summary>
    public static readonly OwnershipOverride None = new(null, null, null, null);

    private const uint FormatBits = 0xF000;
    private const uint DirectoryFormat = 0x4000;
    private const uint LinkFormat = 0xA000;
    private const uint AllPermissions = 0x1FF;

    /// <summary>Whether anything is overridden.</summary>
    public bool IsAny => UserId is not null || GroupId is not null || FileMask is not null || DirectoryMask is not null;

    /// <summary>The mode to show for a stored one (inode(7)); symbolic links keep theirs.</summary>
    public uint Show(uint mode)
    {
        uint? mask = (mode & FormatBits) == DirectoryFormat ? DirectoryMask : FileMask;
        return mask is null || (mode & FormatBits) == LinkFormat
            ? mode
            : (mode & FormatBits) | (AllPermissions & ~mask.Value);
    }
}
