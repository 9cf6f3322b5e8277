using System.CommandLine;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs sync</c>: on return everything written before is durable on this machine.</summary>
internal static class SyncCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var command = new Command("sync", "Makes everything written so far durable on this machine.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            MountEntry mount = MountLocator.FindMount(parsed.GetRequiredValue(mountPoint));
            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            bool flushed = await Task.Run(() => MountedFileSystem.Flush(mount.MountPoint), cancel);
            MountStatus status = await client.SyncAsync(cancel); // If it fails it knows better why than the kernel.
            if (!flushed)
            {
                throw new CommandException(
                    ExitCode.Failed,
                    $"sync {mount.MountPoint}: the kernel could not write back all of its dirty pages",
                    "'hipaafs status' shows what is wrong; a file whose data was lost fails its next fsync.");
            }

            output.Result(status, JsonOutput.Default.MountStatus, text => text.WriteLine($"{mount.MountPoint}: everything is durable."));
            return ExitCode.Done;
        });
        return command;
    }
}
