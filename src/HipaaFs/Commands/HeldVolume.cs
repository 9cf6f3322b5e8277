using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Commands;

/// <summary>Says of a volume that is held what its lock cannot: what the daemon that holds it does, and so what to do.</summary>
internal static class HeldVolume
{
    /// <summary>Does what needs the volume to be free.</summary>
    /// <exception cref="CommandException">A daemon of this machine holds it.</exception>
    /// <exception cref="VolumeException">Something else stands in the way.</exception>
    public static async Task<T> ExplainAsync<T>(VolumeConfiguration volume, CommandContext context, Func<Task<T>> work, CancellationToken cancel)
    {
        try
        {
            return await work();
        }
        catch (VolumeException held) when (held.Failure == VolumeFailure.HeldByAnother)
        {
            using ControlClient client = MountLocator.ClientOf(VolumeCopy.In(volume.Directory, volume.VolumeId), context);
            if (!await client.IsAnsweringAsync(cancel))
            {
                throw;
            }

            throw Explain(held, await client.GetStatusAsync(cancel));
        }
    }

    private static CommandException Explain(VolumeException held, MountStatus status)
    {
        if (status.State == MountState.Serving)
        {
            return new CommandException(
                ExitCode.HeldByAnother,
                $"{held.Message}; it is mounted at {status.MountPoint}",
                $"Unmount it first: hipaafs umount {status.MountPoint}",
                held);
        }

        string left = status.Figures is { } figures ? $": {figures.StagedSegments} segments, {ByteSize.Format(figures.StagedBytes)}" : "";
        return new CommandException(
            ExitCode.HeldByAnother,
            $"{held.Message}; it is not mounted any more, its daemon, process {status.Pid}, still uploads what the mount left{left}",
            $"Wait for its end: 'hipaafs status {status.Volume}' shows how far it is. 'hipaafs mount' takes it over at once; 'kill {status.Pid}' ends it, and what is staged stays for the next mount.",
            held);
    }
}
