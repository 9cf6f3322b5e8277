using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Daemon;
using HipaaFs.Cli.Mounting;
using HipaaFs.Crypto;

namespace HipaaFs.Cli.Commands;

/// <summary>Finds the daemon behind what a user names: a mount point, or the directory of a volume.</summary>
internal static class MountLocator
{
    /// <summary>The mount at a path, or that a path lies in.</summary>
    /// <exception cref="CommandException">No volume is mounted there.</exception>
    public static MountEntry FindMount(string path)
    {
        string resolved = PathRelation.Resolve(path);
        MountEntry? entry = MountTable.Read().Find(resolved);
        return entry?.Volume is not null
            ? entry
            : throw new CommandException(
                ExitCode.NotFound, $"find the mount at {resolved}: no volume is mounted there", "'hipaafs status' lists the mounts.");
    }

    /// <summary>Opens the control socket of a volume's daemon and waits until it answers.</summary>
    /// <exception cref="CommandException">No daemon of this user, or of root, answers.</exception>
    public static async Task<ControlClient> ConnectAsync(VolumeCopy volume, CommandContext context, CancellationToken cancel)
    {
        var client = new ControlClient(RuntimeDirectory.OfUser(context.Environment).SocketOf(volume), context.Time);
        if (await client.WaitUntilAnsweringAsync(cancel))
        {
            return client;
        }

        client.Dispose();
        throw new CommandException(
            ExitCode.NotFound,
            $"ask the daemon of volume {volume.Volume}: none of this user answers",
            "Run the command as the user who mounted it. If the daemon was killed: umount -l the mount point, then mount again.");
    }

    /// <summary>The volume that a path means: that of the mount there, or that whose directory it is.</summary>
    /// <exception cref="CommandException">It means none.</exception>
    public static (VolumeCopy Volume, string? Directory) FindVolume(string path, CommandContext context)
    {
        string resolved = PathRelation.Resolve(path);
        if (MountTable.Read().Find(resolved)?.Volume is { } mounted)
        {
            return (mounted, null);
        }

        if (File.Exists(Path.Combine(resolved, VolumeFile.Name)))
        {
            var configuration = VolumeConfiguration.Load(resolved, new Dictionary<string, string>(), context.Environment);
            return (VolumeCopy.In(configuration.Directory, configuration.VolumeId), configuration.Directory);
        }

        throw new CommandException(
            ExitCode.NotFound,
            $"find a volume at {resolved}: it is neither the mount point nor the directory of one",
            "'hipaafs status' without an argument lists the mounts.");
    }
}
