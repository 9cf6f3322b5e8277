namespace HipaaFs;

/// <summary>What mknod(2), mkdir(2) and open(2) with O_CREAT say about the inode to be made.</summary>
/// <param name="Mode">Type and permission bits as asked for, before the umask.</param>
/// <param name="Umask">The caller's umask; a default ACL of the parent takes its place.</param>
/// <param name="Device">Device number of a device node, else 0.</param>
public readonly record struct CreationMode(uint Mode, uint Umask, uint Device);
