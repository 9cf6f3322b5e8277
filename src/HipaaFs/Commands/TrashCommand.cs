using System.CommandLine;
using System.Globalization;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs trash</c>: shows what was deleted or written over, and brings it back.</summary>
internal static class TrashCommand
{
    private const int DefaultLimit = 1000;

    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("trash", "Shows what was deleted or written over on a mounted volume, and brings it back.")
    {
        CreateList(runner),
        CreateRestore(runner),
    };

    private static Command CreateList(CommandRunner runner)
    {
        Argument<string> path = PathArgument("A mount point, or a file or directory on a mount that need not exist any more.");
        var limit = new Option<int>("--limit")
        {
            Description = "How many to show.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultLimit,
        };
        var command = new Command("list", "Lists what can be had back, the latest loss first.") { path, limit };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            int most = parsed.GetValue(limit);
            if (most < 1)
            {
                throw new CommandException(ExitCode.Usage, $"read --limit: '{most}' is below 1", "Give a number of lines.");
            }

            TrashPlace place = TrashPlace.Find(parsed.GetRequiredValue(path));
            using ControlClient client = await MountLocator.ConnectAsync(place.Mount, runner.Context, cancel);
            LostVersionList found = await client.ListTrashAsync(place.InVolume, most, cancel);
            output.Result(found, JsonOutput.Default.LostVersionList, text => Describe(found, place, text));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateRestore(CommandRunner runner)
    {
        Argument<string> path = PathArgument("The file or directory, where it was on the mount.");
        var snapshot = new Option<string?>("--snapshot") { Description = "The snapshot to take it from. Default: the newest that shows it otherwise than it is now.", HelpName = "NAME" };
        var to = new Option<string?>("--to") { Description = "Where to put it. Default: where it was.", HelpName = "PATH" };
        var replace = new Option<bool>("--replace") { Description = "Put it in the place of the file that is there now." };
        var command = new Command("restore", "Brings a file or a directory back; inside a volume that copies no data.") { path, snapshot, to, replace };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            TrashPlace place = TrashPlace.Find(parsed.GetRequiredValue(path));
            string target = parsed.GetValue(to) is { } named ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(named)) : place.Full;
            using ControlClient client = await MountLocator.ConnectAsync(place.Mount, runner.Context, cancel);
            TrashRestoreResult restored = await new TrashRestore(place, target, parsed.GetValue(replace)).RunAsync(parsed.GetValue(snapshot), client, cancel);
            output.Result(restored, JsonOutput.Default.TrashRestoreResult, text =>
                text.WriteLine($"{TerminalText.Escape(restored.Target)} is back, as snapshot {TerminalText.Escape(restored.Snapshot)} shows it."));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Describe(LostVersionList found, TrashPlace place, TextWriter text)
    {
        foreach (LostVersionLine line in found.Versions)
        {
            string size = line.Directory ? "directory" : ByteSize.Format(line.Bytes);
            text.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{line.SeenAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z  {line.Kind,-7}  {size,10}  {TerminalText.Escape(line.Path)}"));
        }

        if (found.Versions.Count == 0)
        {
            text.WriteLine("There is nothing to be had back. The setting trash says for how many days things are kept.");
            return;
        }

        if (found.HasMore)
        {
            text.WriteLine("There is more; --limit N shows it.");
        }

        text.WriteLine($"Bring one back:  hipaafs trash restore {place.Mount.MountPoint}/PATH");
    }

    private static Argument<string> PathArgument(string description) => new("PATH") { Description = description };
}
