using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using HipaaFs.Fuse.Interop;

namespace HipaaFs.Fuse;

/// <summary>A mount of a FUSE connection at a directory: how it is made and ended.</summary>
internal sealed unsafe class FuseMount
{
    private const int PathMax = 4096;
    private const nuint ReadOnly = 1;
    private const nuint NoSuid = 2;
    private const nuint NoDev = 4;
    private const nuint NoExec = 8;
    private const nuint Synchronous = 16;
    private const nuint DirSync = 128;
    private const nuint NoAtime = 1024;

    private readonly bool _privileged;

    private FuseMount(string path, FuseDevice device, bool privileged)
    {
        Path = path;
        Device = device;
        _privileged = privileged;
    }

    /// <summary>The mount point with all links resolved.</summary>
    internal string Path { get; }

    internal FuseDevice Device { get; }

    /// <summary>Mounts with mount(2) where the caller may, else with fusermount3.</summary>
    /// <exception cref="FuseMountException">The mount could not be made.</exception>
    internal static FuseMount Create(string mountPoint, FuseSessionOptions options)
    {
        string path = Resolve(mountPoint);
        if (LibC.geteuid() == 0 && !options.UseFusermount)
        {
            FuseDevice? device = MountDirectly(path, options, out int errno);
            if (device is not null)
            {
                return new FuseMount(path, device, privileged: true);
            }

            // Root of a container without CAP_SYS_ADMIN may still have a working fusermount3.
            if (errno != Errno.EPERM || Fusermount.Find() is null)
            {
                throw Failed($"mount: {Describe(errno)}", errno);
            }
        }

        return new FuseMount(path, MountByFusermount(path, options), privileged: false);
    }

    /// <summary>Looks whether a mount can be tried at all, and changes nothing.</summary>
    /// <exception cref="FuseMountException">There is no /dev/fuse, or no fusermount3 where one is needed.</exception>
    internal static void Probe(FuseSessionOptions options)
    {
        using FuseDevice? device = FuseDevice.Open(out int errno);
        if (device is null && errno is not (Errno.EACCES or Errno.EPERM))
        {
            throw NoDevice(errno);
        }

        if ((LibC.geteuid() != 0 || options.UseFusermount) && Fusermount.Find() is null)
        {
            throw NoFusermount();
        }
    }

    /// <summary>Ends the mount.</summary>
    internal FuseUnmountResult Unmount(bool lazy)
    {
        if (_privileged)
        {
            int flags = LibC.UMOUNT_NOFOLLOW | (lazy ? LibC.MNT_DETACH : 0);
            int errno = LibC.umount2(Path, flags) == 0 ? 0 : Marshal.GetLastPInvokeError();
            return errno switch
            {
                0 => FuseUnmountResult.Unmounted,
                Errno.EBUSY => FuseUnmountResult.Busy,
                Errno.EINVAL or Errno.ENOENT => FuseUnmountResult.NotMounted,
                _ => FuseUnmountResult.Failed,
            };
        }

        string? program = Fusermount.Find();
        if (program is null)
        {
            return FuseUnmountResult.Failed;
        }

        if (Fusermount.Unmount(program, Path, lazy, out string complaint) == 0)
        {
            return FuseUnmountResult.Unmounted;
        }

        return complaint switch
        {
            _ when complaint.Contains("busy", StringComparison.OrdinalIgnoreCase) => FuseUnmountResult.Busy,
            _ when complaint.Contains("not found", StringComparison.OrdinalIgnoreCase) => FuseUnmountResult.NotMounted,
            _ => FuseUnmountResult.Failed,
        };
    }

    /// <summary>The device number of the mounted file system, from /proc/self/mountinfo: asking the mount itself would need an answer from us.</summary>
    internal (int Major, int Minor) FindDeviceNumber()
    {
        (int, int) found = (0, -1);
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            string[] fields = line.Split(' ');
            if (fields.Length > 4 && Unescape(fields[4]) == Path)
            {
                string[] numbers = fields[2].Split(':');
                found = (int.Parse(numbers[0], CultureInfo.InvariantCulture), int.Parse(numbers[1], CultureInfo.InvariantCulture));
            }
        }

        return found;
    }

    /// <summary>Undoes the octal escapes of mountinfo (space, tab, newline, backslash).</summary>
    internal static string Unescape(string field)
    {
        if (!field.Contains('\\'))
        {
            return field;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(field);
        int to = 0;
        for (int from = 0; from < bytes.Length; from++)
        {
            if (bytes[from] == '\\' && from + 3 < bytes.Length)
            {
                bytes[to++] = (byte)(((bytes[from + 1] - '0') << 6) | ((bytes[from + 2] - '0') << 3) | (bytes[from + 3] - '0'));
                from += 3;
            }
            else
            {
                bytes[to++] = bytes[from];
            }
        }

        return Encoding.UTF8.GetString(bytes, 0, to);
    }

    /// <summary>The option string for fusermount3.</summary>
    internal static string FusermountOptions(FuseSessionOptions options)
    {
        var list = new StringBuilder();
        list.Append("fsname=").Append(options.FileSystemName.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal));
        Append(list, options.Subtype.Length > 0, "subtype=" + options.Subtype);
        Append(list, options.AllowOther, "allow_other");
        Append(list, options.DefaultPermissions, "default_permissions");
        Append(list, options.MaxRead > 0, string.Create(CultureInfo.InvariantCulture, $"max_read={options.MaxRead}"));
        Append(list, options.ReadOnly, "ro");
        Append(list, true, options.NoSuid ? "nosuid" : "suid");
        Append(list, true, options.NoDev ? "nodev" : "dev");
        Append(list, options.NoExec, "noexec");
        Append(list, options.NoAtime, "noatime");
        Append(list, options.Sync, "sync");
        Append(list, options.DirSync, "dirsync");
        return list.ToString();
    }

    private static void Append(StringBuilder list, bool wanted, string option)
    {
        if (wanted)
        {
            list.Append(',').Append(option);
        }
    }

    private static string Resolve(string mountPoint)
    {
        ArgumentException.ThrowIfNullOrEmpty(mountPoint);
        byte* buffer = stackalloc byte[PathMax];
        string path = mountPoint;
        if (LibC.realpath(mountPoint, buffer) is not null)
        {
            path = Marshal.PtrToStringUTF8((nint)buffer)!;
            int fd = LibC.open(path, LibC.O_PATH | LibC.O_DIRECTORY | LibC.O_CLOEXEC, 0);
            if (fd >= 0)
            {
                _ = LibC.close(fd);
                return path;
            }
        }

        int errno = Marshal.GetLastPInvokeError();
        FuseMountFailure reason = errno switch
        {
            Errno.ENOENT => FuseMountFailure.MountPointMissing,
            Errno.ENOTDIR => FuseMountFailure.NotADirectory,
            Errno.EACCES => FuseMountFailure.PermissionDenied,
            Errno.ENOTCONN => FuseMountFailure.StaleMount,
            _ => FuseMountFailure.Other,
        };
        throw new FuseMountException(reason, $"mount point {path}: {Describe(errno)}", errno);
    }

    private static FuseDevice? MountDirectly(string path, FuseSessionOptions options, out int errno)
    {
        FuseDevice? device = FuseDevice.Open(out errno);
        if (device is null)
        {
            throw NoDevice(errno);
        }

        var data = new StringBuilder();
        data.Append(CultureInfo.InvariantCulture, $"fd={device.Number},rootmode=40000,user_id={LibC.geteuid()},group_id={LibC.getegid()}");
        Append(data, options.DefaultPermissions, "default_permissions");
        Append(data, options.AllowOther, "allow_other");
        Append(data, options.MaxRead > 0, string.Create(CultureInfo.InvariantCulture, $"max_read={options.MaxRead}"));
        string type = options.Subtype.Length > 0 ? "fuse." + options.Subtype : "fuse";
        if (LibC.mount(options.FileSystemName, path, type, MountFlags(options), data.ToString()) == 0)
        {
            errno = 0;
            return device;
        }

        errno = Marshal.GetLastPInvokeError();
        device.Dispose();
        return null;
    }

    private static nuint MountFlags(FuseSessionOptions options)
    {
        return (options.ReadOnly ? ReadOnly : 0)
            | (options.NoSuid ? NoSuid : 0)
            | (options.NoDev ? NoDev : 0)
            | (options.NoExec ? NoExec : 0)
            | (options.Sync ? Synchronous : 0)
            | (options.DirSync ? DirSync : 0)
            | (options.NoAtime ? NoAtime : 0);
    }

    private static FuseDevice MountByFusermount(string path, FuseSessionOptions options)
    {
        string program = Fusermount.Find() ?? throw NoFusermount();
        using (FuseDevice? probe = FuseDevice.Open(out int errno))
        {
            // The program opens the device as root: only its absence is final.
            if (errno is Errno.ENOENT or Errno.ENODEV or Errno.ENXIO)
            {
                throw NoDevice(errno);
            }
        }

        FuseDevice? device = Fusermount.Mount(program, FusermountOptions(options), path, out string complaint);
        if (device is not null)
        {
            return device;
        }

        bool denied = complaint.Contains("ermission", StringComparison.Ordinal)
            || complaint.Contains("not permitted", StringComparison.Ordinal)
            || complaint.Contains("allow_other", StringComparison.Ordinal)
            || complaint.Contains("no write access", StringComparison.Ordinal);
        string message = complaint.Length > 0 ? complaint : "fusermount3 failed without a message";
        throw new FuseMountException(denied ? FuseMountFailure.PermissionDenied : FuseMountFailure.Other, message);
    }

    private static FuseMountException NoFusermount() =>
        new(FuseMountFailure.FusermountMissing, "mounting without privilege needs fusermount3 (package fuse3)");

    private static FuseMountException NoDevice(int errno)
    {
        FuseMountFailure reason = errno is Errno.EACCES or Errno.EPERM ? FuseMountFailure.PermissionDenied : FuseMountFailure.NoDevice;
        return new FuseMountException(reason, $"/dev/fuse: {Describe(errno)}", errno);
    }

    private static FuseMountException Failed(string message, int errno)
    {
        FuseMountFailure reason = errno switch
        {
            Errno.EPERM or Errno.EACCES => FuseMountFailure.PermissionDenied,
            Errno.ENODEV => FuseMountFailure.NoDevice,
            Errno.ENOENT => FuseMountFailure.MountPointMissing,
            Errno.ENOTDIR => FuseMountFailure.NotADirectory,
            _ => FuseMountFailure.Other,
        };
        return new FuseMountException(reason, message, errno);
    }

    private static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
