using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs umount</c>: uploads what is not in the store yet, then unmounts.</summary>
internal static class UmountCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var now = new Option<bool>("--now") { Description = "Do not upload: what is staged stays on this machine for the next mount." };
        var command = new Command("umount", "Uploads everything, then unmounts; refuses while the store cannot be reached.") { mountPoint, now };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            MountEntry mount = MountLocator.FindMount(parsed.GetRequiredValue(mountPoint));
            if (await MountLocator.IsDeadAsync(mount, runner.Context, cancel))
            {
                return ClearAway(mount, output);
            }

            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            bool leave = parsed.GetValue(now);

            // The kernel's dirty pages first, so that the upload before the unmount is nearly all of it.
            await Task.Run(() => MountedFileSystem.Flush(mount.MountPoint), cancel);
            UmountOutcome outcome = await output.Progress.RunAsync(report => client.UmountAsync(leave, report, cancel));
            output.Result(outcome, JsonOutput.Default.UmountOutcome, text => Describe(outcome, text));
            return !outcome.IsComplete && !leave ? ExitCode.Incomplete : ExitCode.Done;
        });
        return command;
    }

    private static ExitCode ClearAway(MountEntry mount, CommandOutput output)
    {
        if (!MountedFileSystem.DetachDead(mount.MountPoint))
        {
            throw new CommandException(
                ExitCode.Failed,
                $"unmount {mount.MountPoint}: its daemon was killed, and the kernel refused to clear the dead mount away",
                $"Run the command as the user who mounted it, or as root: umount -l {mount.MountPoint}");
        }

        var cleared = new DeadMountCleared(mount.MountPoint);
        output.Result(cleared, JsonOutput.Default.DeadMountCleared, text => text.WriteLine(
            $"{mount.MountPoint} was dead, its daemon was killed; the mount is cleared away. What was fsynced is kept: the next mount goes on with it."));
        return ExitCode.Done;
    }

    private static void Describe(UmountOutcome outcome, TextWriter text)
    {
        text.WriteLine($"{outcome.MountPoint} is unmounted.");
        if (outcome.StagedSegments > 0)
        {
            text.WriteLine(
                $"{CountText.Format(outcome.StagedSegments, "segment")}, {ByteSize.Format(outcome.StagedBytes)}, {(outcome.StagedSegments == 1 ? "is" : "are")} on this machine only; the next mount uploads {(outcome.StagedSegments == 1 ? "it" : "them")}.");
        }
        else if (outcome.UnpublishedChanges)
        {
            text.WriteLine("Changes of files are on this machine only; the next mount publishes them.");
        }

        if (outcome.DamagedFrames > 0)
        {
            text.WriteLine($"{outcome.DamagedFrames} frames in them are damaged and are never uploaded; the log names the inodes, 'hipaafs fsck' too.");
        }
    }
}
