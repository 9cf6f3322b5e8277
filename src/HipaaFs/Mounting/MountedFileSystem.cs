using System.Diagnostics;
using System.Runtime.InteropServices;
using HipaaFs.Cli.Interop;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cli.Mounting;

/// <summary>What is done to a mounted filesystem from outside.</summary>
internal static class MountedFileSystem
{
    /// <summary>Has the kernel hand every dirty page of a mount to its filesystem (syncfs(2)). False when that failed or nothing answers there.</summary>
    public static bool Flush(string mountPoint)
    {
        int fd = LibC.open(mountPoint, LibC.O_DIRECTORY | LibC.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return false;
        }

        using var directory = new SafeFileHandle(fd, ownsHandle: true);
        return LibC.syncfs(fd) == 0;
    }

    /// <summary>Whether a mount is left of a daemon that was killed: the kernel answers ENOTCONN to everything in it.</summary>
    public static bool IsDead(string mountPoint)
    {
        int fd = LibC.open(mountPoint, LibC.O_DIRECTORY | LibC.O_CLOEXEC, 0);
        int error = Marshal.GetLastPInvokeError();
        if (fd >= 0)
        {
            new SafeFileHandle(fd, ownsHandle: true).Dispose();
        }

        return fd < 0 && error is LibC.ENOTCONN or LibC.ECONNABORTED;
    }

    /// <summary>Detaches a mount that is in use and breaks its connection: what is open in it gets ENOTCONN. Root only; false when that is not allowed.</summary>
    /// <remarks>MNT_FORCE makes the kernel abort a FUSE connection before it looks at who uses it (umount(2), fuse_umount_begin).</remarks>
    public static bool DetachByForce(string mountPoint) => LibC.umount2(mountPoint, LibC.MNT_FORCE | LibC.MNT_DETACH) == 0;

    /// <summary>Removes a dead mount from the tree. False when that is not allowed.</summary>
    public static bool DetachDead(string mountPoint)
    {
        if (LibC.umount2(mountPoint, LibC.MNT_DETACH) == 0)
        {
            return true;
        }

        // Only root may call umount2; the helper lets users detach what they mounted.
        var start = new ProcessStartInfo("fusermount3") { RedirectStandardError = true };
        foreach (string argument in new[] { "-u", "-z", "--", mountPoint })
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using Process helper = Process.Start(start)!;
            helper.StandardError.ReadToEnd();
            helper.WaitForExit();
            return helper.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // Not installed.
        }
    }
}
