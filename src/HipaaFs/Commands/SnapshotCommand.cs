using System.CommandLine;
using System.Globalization;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs snapshot</c>: takes, lists, deletes and compares the snapshots of a mounted volume.</summary>
internal static class SnapshotCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("snapshot", "Takes, lists, deletes and compares snapshots of a mounted volume.")
    {
        CreateCreate(runner),
        CreateList(runner),
        CreateDelete(runner),
        CreateDiff(runner),
    };

    private static Command CreateCreate(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        var name = new Argument<string?>("NAME")
        {
            Description = "What it is called. Default: manual- and the time.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("create", "Takes a snapshot of everything written so far.") { mountPoint, name };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            MountEntry mount = MountLocator.FindMount(parsed.GetRequiredValue(mountPoint));
            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            if (!await Task.Run(() => MountedFileSystem.Flush(mount.MountPoint), cancel))
            {
                throw new CommandException(
                    ExitCode.Failed,
                    $"take a snapshot of {mount.MountPoint}: the kernel could not write back all of its dirty pages",
                    "'hipaafs status' shows what is wrong; a file whose data was lost fails its next fsync.");
            }

            SnapshotLine line = await client.CreateSnapshotAsync(parsed.GetValue(name), cancel);
            output.Result(line, JsonOutput.Default.SnapshotLine, text =>
                text.WriteLine($"Snapshot {Shown(line.Name)} is taken; it is at {mount.MountPoint}/.snapshots/{Shown(line.Name)}."));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateList(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        var command = new Command("list", "Lists the snapshots, oldest first.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            IReadOnlyList<SnapshotLine> lines = await client.ListSnapshotsAsync(cancel);
            output.Result(lines, JsonOutput.Default.IReadOnlyListSnapshotLine, text =>
            {
                foreach (SnapshotLine line in lines)
                {
                    text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line.CreatedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z  {Shown(line.Name)}"));
                }

                if (lines.Count == 0)
                {
                    text.WriteLine("There are no snapshots.");
                }
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateDelete(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        var name = new Argument<string>("NAME") { Description = "The snapshot." };
        var command = new Command("delete", "Deletes a snapshot; space that only it used is freed by and by.") { mountPoint, name };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            SnapshotLine line = await client.DeleteSnapshotAsync(parsed.GetRequiredValue(name), cancel);
            output.Result(line, JsonOutput.Default.SnapshotLine, text => text.WriteLine($"Snapshot {Shown(line.Name)} is deleted."));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateDiff(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        var from = new Argument<string>("FROM") { Description = "The older snapshot." };
        var to = new Argument<string?>("TO") { Description = "The newer snapshot. Default: what is there now.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("diff", "Lists what was created (+), removed (-), changed (M) and renamed (R).") { mountPoint, from, to };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            return await output.ListAsync(
                tell => client.CompareSnapshotsAsync(parsed.GetRequiredValue(from), parsed.GetValue(to), tell, cancel),
                JsonOutput.Default.DifferenceLine,
                static (text, line) => text.WriteLine(line.OldPath is null
                    ? $"{SignOf(line.Kind)} {Shown(line.Path)}"
                    : $"{SignOf(line.Kind)} {Shown(line.OldPath)} -> {Shown(line.Path)}"));
        });
        return command;
    }

    private static async Task<ControlClient> ConnectAsync(string mountPoint, CommandRunner runner, CancellationToken cancel)
    {
        MountEntry mount = MountLocator.FindMount(mountPoint);
        return await MountLocator.ConnectAsync(mount, runner.Context, cancel);
    }

    private static Argument<string> MountPointArgument() => new("MOUNTPOINT") { Description = "Where the volume is mounted." };

    private static char SignOf(string kind) => kind switch
    {
        "created" => '+',
        "removed" => '-',
        "renamed" => 'R',
        _ => 'M',
    };

    private static string Shown(string name) => TerminalText.Escape(name);
}
