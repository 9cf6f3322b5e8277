using HipaaFs.Cli.Control;
using HipaaFs.Cli.Daemon;
using HipaaFs.Cli.Mounting;

namespace HipaaFs.Cli.Commands;

/// <summary>Finds the daemon behind what a user names: a mount point, or the directory of a volume.</summary>
internal static class MountLocator
{
    /// <summary>The mount at a path.</summary>
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

    /// <summary>The mount that a path lies in.</summary>
    /// <exception cref="CommandException">It lies in none.</exception>
    public static MountEntry FindContaining(string path)
    {
        string resolved = PathRelation.Resolve(path);
        MountEntry? entry = MountTable.Read().FindContaining(resolved);
        return entry?.Volume is not null
            ? entry
            : throw new CommandException(
                ExitCode.NotFound, $"find the mount that {resolved} lies in: no volume is mounted there", "'hipaafs status' lists the mounts.");
    }

    /// <summary>Opens the control socket of the daemon behind a mount and waits until it answers.</summary>
    /// <exception cref="CommandException">The mount is dead, or no daemon of this user, or of root, answers.</exception>
    public static async Task<ControlClient> ConnectAsync(MountEntry mount, CommandContext context, CancellationToken cancel)
    {
        if (await IsDeadAsync(mount, context, cancel))
        {
            throw new CommandException(
                ExitCode.NotFound,
                $"the mount at {mount.MountPoint} is dead: its daemon, of volume {mount.Volume!.Value.Volume}, was killed",
                $"Clear it away with 'hipaafs umount {mount.MountPoint}', or mount the volume there again. What was fsynced is kept.");
        }

        ControlClient client = ClientOf(mount.Volume!.Value, context);
        if (await client.WaitUntilAnsweringAsync(cancel))
        {
            return client;
        }

        client.Dispose();
        throw new CommandException(
            ExitCode.NotFound,
            $"ask the daemon of volume {mount.Volume.Value.Volume}: none of this user answers",
            "Run the command as the user who mounted it.");
    }

    /// <summary>Whether a mount is left of a daemon that was killed. Another daemon of the same volume, mounted elsewhere by now, does not count as its own.</summary>
    public static async Task<bool> IsDeadAsync(MountEntry mount, CommandContext context, CancellationToken cancel)
    {
        // A daemon that says it serves here is believed: one that is stuck would let the look at its mount wait for ever.
        using ControlClient client = ClientOf(mount.Volume!.Value, context);
        return (!await client.IsAnsweringAsync(cancel) || (await client.GetStatusAsync(cancel)).MountPoint != mount.MountPoint)
            && await Task.Run(() => MountedFileSystem.IsDead(mount.MountPoint), cancel);
    }

    /// <summary>The client of a volume's daemon, whether there is one or not.</summary>
    public static ControlClient ClientOf(VolumeCopy volume, CommandContext context) =>
        new(RuntimeDirectory.OfUser(context.Environment).SocketOf(volume), context.Time);
}
