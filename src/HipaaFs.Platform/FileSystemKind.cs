using System.ComponentModel;
using System.Runtime.InteropServices;
using HipaaFs.Platform.Interop;

namespace HipaaFs.Platform;

/// <summary>The type of file system a path lies on.</summary>
/// <param name="Name">Its usual name, or the number of its type in hexadecimal.</param>
/// <param name="Class">What it is to be trusted with.</param>
public readonly record struct FileSystemKind(string Name, FileSystemClass Class)
{
    /// <summary>Whether the files are on another machine or shared with others.</summary>
    public bool IsNetwork => Class == FileSystemClass.Network;

    /// <summary>Tells the file system of a path, or of its nearest parent that exists.</summary>
    /// <exception cref="IOException">The file system did not answer; its HResult is errno.</exception>
    public static FileSystemKind Of(string path)
    {
        string existing = Nearest(path);
        if (!OperatingSystem.IsLinux())
        {
            var drive = new DriveInfo(existing);
            return new FileSystemKind(drive.DriveFormat, drive.DriveType == DriveType.Network ? FileSystemClass.Network : FileSystemClass.Local);
        }

        if (LibC.statfs(existing, out Statfs status) == 0)
        {
            return FromMagic(unchecked((uint)status.f_type));
        }

        int error = Marshal.GetLastPInvokeError();
        throw new IOException($"statfs: {new Win32Exception(error).Message}", error);
    }

    /// <summary>Names a value of f_type, as listed in statfs(2) and linux/magic.h. Unknown ones count as local.</summary>
    internal static FileSystemKind FromMagic(uint magic) => magic switch
    {
        0x0000_6969 => new("nfs", FileSystemClass.Network),
        0xFF53_4D42 => new("cifs", FileSystemClass.Network),
        0xFE53_4D42 => new("smb2", FileSystemClass.Network),
        0x0000_517B => new("smb", FileSystemClass.Network),
        0x0BD0_0BD0 => new("lustre", FileSystemClass.Network),
        0x00C3_6400 => new("ceph", FileSystemClass.Network),
        0x4750_4653 => new("gpfs", FileSystemClass.Network),
        0x1983_0326 => new("beegfs", FileSystemClass.Network),
        0x0116_1970 => new("gfs2", FileSystemClass.Network),
        0x7461_636F => new("ocfs2", FileSystemClass.Network),
        0x2003_0528 => new("pvfs2", FileSystemClass.Network),
        0x5346_414F => new("afs", FileSystemClass.Network),
        0x6B41_4653 => new("kafs", FileSystemClass.Network),
        0x7375_7245 => new("coda", FileSystemClass.Network),
        0x0102_1997 => new("9p", FileSystemClass.Network),
        0x6573_5546 => new("fuse", FileSystemClass.UserSpace),
        0x0102_1994 => new("tmpfs", FileSystemClass.Memory),
        0x8584_58F6 => new("ramfs", FileSystemClass.Memory),
        0x0000_EF53 => new("ext4", FileSystemClass.Local),
        0x5846_5342 => new("xfs", FileSystemClass.Local),
        0x9123_683E => new("btrfs", FileSystemClass.Local),
        0x2FC1_2FC1 => new("zfs", FileSystemClass.Local),
        0xF2F5_2010 => new("f2fs", FileSystemClass.Local),
        0x794C_7630 => new("overlay", FileSystemClass.Local),
        _ => new($"0x{magic:x8}", FileSystemClass.Local),
    };

    /// <summary>The path itself, or the nearest parent that exists.</summary>
    internal static string Nearest(string path)
    {
        string current = Path.GetFullPath(path);
        while (!Path.Exists(current))
        {
            string? parent = Path.GetDirectoryName(current);
            if (parent is null)
            {
                break;
            }

            current = parent;
        }

        return current;
    }
}
