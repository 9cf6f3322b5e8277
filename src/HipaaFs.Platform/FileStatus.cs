using System.ComponentModel;
using System.Runtime.InteropServices;
using HipaaFs.Platform.Interop;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Platform;

/// <summary>What tells one file, and one state of it, from another (statx(2)). A symbolic link is described itself, never followed.</summary>
/// <param name="Device">The file system; 0 where the platform does not tell.</param>
/// <param name="Inode">The file in it; 0 where the platform does not tell.</param>
/// <param name="Kind">Regular file, directory or something else.</param>
/// <param name="Links">The number of names; 1 where the platform does not tell.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="ModifiedNanoseconds">When its content changed, in nanoseconds since 1970.</param>
/// <param name="ChangedNanoseconds">When its content, names or attributes changed, in nanoseconds since 1970.</param>
public readonly record struct FileStatus(
    ulong Device, ulong Inode, FileStatusKind Kind, uint Links, long Length, long ModifiedNanoseconds, long ChangedNanoseconds)
{
    private const ushort TypeMask = 0xF000; // S_IFMT, S_IFREG and S_IFDIR of inode(7)
    private const ushort RegularType = 0x8000;
    private const ushort DirectoryType = 0x4000;

    /// <summary>Describes what has this name. Returns null when nothing has.</summary>
    /// <exception cref="IOException">The file system did not answer; its HResult is errno.</exception>
    public static FileStatus? Of(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return OfPortable(path);
        }

        if (LibC.statx(LibC.AT_FDCWD, path, LibC.AT_SYMLINK_NOFOLLOW, LibC.STATX_BASIC_STATS, out Statx status) == 0)
        {
            return From(in status);
        }

        int error = Marshal.GetLastPInvokeError();
        return error is LibC.ENOENT or LibC.ENOTDIR ? null : throw Failure(error);
    }

    /// <summary>Describes an open file.</summary>
    /// <exception cref="IOException">The file system did not answer; its HResult is errno.</exception>
    public static FileStatus Of(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            DateTime modified = File.GetLastWriteTimeUtc(file);
            return new FileStatus(0, 0, FileStatusKind.Regular, 1, RandomAccess.GetLength(file), Nanoseconds(modified), Nanoseconds(modified));
        }

        bool referenced = false;
        try
        {
            file.DangerousAddRef(ref referenced);
            int fd = (int)file.DangerousGetHandle();
            return LibC.statx(fd, string.Empty, LibC.AT_EMPTY_PATH, LibC.STATX_BASIC_STATS, out Statx status) == 0
                ? From(in status)
                : throw Failure(Marshal.GetLastPInvokeError());
        }
        finally
        {
            if (referenced)
            {
                file.DangerousRelease();
            }
        }
    }

    private static FileStatus From(in Statx status) => new(
        ((ulong)status.stx_dev_major << 32) | status.stx_dev_minor,
        status.stx_ino,
        (status.stx_mode & TypeMask) switch
        {
            RegularType => FileStatusKind.Regular,
            DirectoryType => FileStatusKind.Directory,
            _ => FileStatusKind.Other,
        },
        status.stx_nlink,
        status.stx_size,
        status.stx_mtime.Nanoseconds,
        status.stx_ctime.Nanoseconds);

    private static FileStatus? OfPortable(string path)
    {
        var file = new FileInfo(path);
        if (file.Exists)
        {
            FileStatusKind kind = file.LinkTarget is null ? FileStatusKind.Regular : FileStatusKind.Other;
            return new FileStatus(0, 0, kind, 1, file.Length, Nanoseconds(file.LastWriteTimeUtc), Nanoseconds(file.LastWriteTimeUtc));
        }

        return Directory.Exists(path) ? new FileStatus(0, 0, FileStatusKind.Directory, 1, 0, 0, 0) : null;
    }

    private static long Nanoseconds(DateTime time) => (time - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private static IOException Failure(int error) => new($"statx: {new Win32Exception(error).Message}", error);
}
