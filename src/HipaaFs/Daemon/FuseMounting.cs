using HipaaFs.Cli.Mounting;
using HipaaFs.Fuse;

namespace HipaaFs.Cli.Daemon;

/// <summary>What mount options mean for the kernel session, and what its refusals mean for the user.</summary>
internal static class FuseMounting
{
    private const int ReadAheadKilobytes = 4096;

    // On a larger machine too many processors would poll for the sake of one caller.
    private const int MostProcessorsKeptAwake = 16;

    /// <summary>The options of the session.</summary>
    public static FuseSessionOptions Options(MountPlan plan)
    {
        MountOptions mount = plan.Options;
        FuseCapabilities capabilities = FuseCapabilities.LocalFileSystem | FuseCapabilities.ExportSupport;
        if (mount.ReadOnly)
        {
            capabilities &= ~FuseCapabilities.WritebackCache;
        }

        if (mount.Ownership.IsAny)
        {
            // Stored ACLs speak of stored owners; beside others they would grant what nobody meant.
            capabilities &= ~FuseCapabilities.PosixAcl;
        }

        var options = new FuseSessionOptions
        {
            FileSystemName = MountEntry.SourceOf(plan.Volume),
            Subtype = MountEntry.DriverType["fuse.".Length..],
            AllowOther = mount.AllowOther,
            DefaultPermissions = true,
            ReadOnly = mount.ReadOnly,
            NoSuid = !mount.SetUserId,
            NoDev = !mount.Devices,
            NoExec = mount.NoExec,
            NoAtime = mount.NoAccessTime,
            Sync = mount.Synchronous,
            DirSync = mount.SynchronousDirectories,
            Capabilities = capabilities,
            ReadAheadKilobytes = Environment.IsPrivilegedProcess ? ReadAheadKilobytes : 0,
            KeepProcessorsAwake = Environment.IsPrivilegedProcess && (mount.KeepProcessorsAwake ?? Environment.ProcessorCount <= MostProcessorsKeptAwake),
        };
        return mount.MaxBackground == 0 ? options : options with { MaxBackground = mount.MaxBackground };
    }

    /// <summary>Explains why there is no mount.</summary>
    public static CommandException Explain(string mountPoint, FuseMountException failure)
    {
        (ExitCode code, string action) = failure.Reason switch
        {
            FuseMountFailure.NoDevice => (ExitCode.Failed, "Load the driver: modprobe fuse. In a container, pass the device: --device /dev/fuse --cap-add SYS_ADMIN."),
            FuseMountFailure.PermissionDenied => (ExitCode.Failed, "Mount at a directory you own. -o allow_other needs root, or user_allow_other in /etc/fuse.conf; suid and dev need root."),
            FuseMountFailure.MountPointMissing => (ExitCode.NotFound, $"Make it: mkdir -p {mountPoint}"),
            FuseMountFailure.NotADirectory => (ExitCode.Usage, "Give a directory."),
            FuseMountFailure.StaleMount => (ExitCode.Usage, $"A dead mount is left there; remove it: fusermount3 -u {mountPoint}"),
            FuseMountFailure.FusermountMissing => (ExitCode.Failed, "Install fusermount3 (Debian: apt install fuse3), or mount as root."),
            FuseMountFailure.KernelTooOld => (ExitCode.Failed, "Linux 5.4 or newer is needed."),
            _ => (ExitCode.Failed, "The kernel's log (dmesg) may say more."),
        };
        return new CommandException(code, $"mount at {mountPoint}: {failure.Message}", action, failure);
    }
}
