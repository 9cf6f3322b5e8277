using System.CommandLine;
using System.Globalization;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs recall</c>: brings archived files back.</summary>
internal static class RecallCommand
{
    private const int MostDays = 365;

    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastLook = TimeSpan.FromMinutes(1);

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var paths = new Argument<string[]>("PATHS") { Description = "Files, and directories with everything in them.", Arity = ArgumentArity.ZeroOrMore };
        var manifest = new Option<string?>("--manifest") { Description = "List of files, a path a line, relative ones to MOUNTPOINT; lists of sha256sum too.", HelpName = "FILE" };
        var speed = new Option<string>("--speed") { Description = "bulk, the cheapest; standard; expedited, the quickest.", DefaultValueFactory = static _ => "standard" };
        speed.AcceptOnlyFromAmong([.. PolicyWords.Speeds.Select(static word => word.Word)]);
        var days = new Option<int>("--days") { Description = "For how many days it stays readable, 1 to 365.", DefaultValueFactory = static _ => 7 };
        var dryRun = new Option<bool>("--dry-run") { Description = "Shows what it would ask for, and what that costs; asks for nothing." };
        var wait = new Option<bool>("--wait") { Description = "Returns when everything is back; shows how far that is." };
        var command = new Command("recall", "Brings archived files back for a while.") { mountPoint, paths, manifest, speed, days, dryRun, wait };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            MountEntry mount = MountLocator.FindMount(parsed.GetRequiredValue(mountPoint));
            IReadOnlyCollection<InodeId> files = Select(mount.MountPoint, parsed.GetValue(paths) ?? [], parsed.GetValue(manifest));
            RestoreRequest request = ToRequest(parsed.GetRequiredValue(speed), parsed.GetValue(days));
            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            bool asks = !parsed.GetValue(dryRun);
            RecallReport report = await client.RecallAsync(files, request, asks, cancel);
            if (asks && parsed.GetValue(wait))
            {
                report = await output.Progress.RunAsync(show => WaitAsync(client, files, request, report, show, runner.Context.Time, cancel));
            }

            output.Result(report, JsonOutput.Default.RecallReport, text => Describe(report, asks, text));
            return !asks ? ExitCode.Done : ToExitCode(report, parsed.GetValue(wait));
        });
        return command;
    }

    /// <summary>What it ends with.</summary>
    /// <param name="report">What came of it.</param>
    /// <param name="waited">Whether everything should be back.</param>
    public static ExitCode ToExitCode(RecallReport report, bool waited) =>
        report.Failed > 0 && report.Recalling + report.Recalled == 0 ? ExitCode.Store
        : report.Failed > 0 || (waited && report.Archived + report.Recalling > 0) ? ExitCode.Incomplete
        : ExitCode.Done;

    private static IReadOnlyCollection<InodeId> Select(string mountPoint, string[] paths, string? manifest)
    {
        var selection = new RecallSelection(PathRelation.Resolve(mountPoint));
        try
        {
            foreach (string path in paths)
            {
                selection.Add(path, Environment.CurrentDirectory);
            }

            if (manifest is not null)
            {
                selection.AddList(manifest);
            }
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCode.NotFound, $"find the files to recall: there is no list {manifest}", "Check the path: it starts at the current directory.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"find the files to recall: {exception.Message}", "Check the list, and that you may read the directories.", exception);
        }

        return selection.Files.Count > 0
            ? selection.Files
            : throw new CommandException(ExitCode.Usage, "recall: no file is named", "Name files or directories, or a list with --manifest.");
    }

    private static RestoreRequest ToRequest(string speed, int days) => days is >= 1 and <= MostDays
        ? new RestoreRequest(PolicyWords.Speeds.First(word => word.Word == speed).Value, days)
        : throw new CommandException(ExitCode.Usage, $"recall: --days {days} is not between 1 and {MostDays}", "Choose a number of days; a recall can be repeated.");

    // What a store gives up on is archived again: nothing is on its way then.
    private static async Task<RecallReport> WaitAsync(
        ControlClient client, IReadOnlyCollection<InodeId> files, RestoreRequest request, RecallReport asked, Action<ProgressUpdate> show, TimeProvider time, CancellationToken cancel)
    {
        RecallReport now = asked;
        TimeSpan pause = FirstLook;
        while (now.Recalling > 0)
        {
            show(new ProgressUpdate("recall", now.Recalled, now.Archived + now.Recalling + now.Recalled, "segments"));
            await Task.Delay(pause, time, cancel);
            pause = pause * 1.5 < LastLook ? pause * 1.5 : LastLook;
            now = await client.RecallAsync(files, request, asks: false, cancel);
        }

        return now with { Failed = asked.Failed, Error = asked.Error, Requests = asked.Requests };
    }

    private static void Describe(RecallReport report, bool asks, TextWriter text)
    {
        foreach (RecallRequestLine line in report.Requests)
        {
            string cost = line.Cost is { } money ? string.Create(CultureInfo.InvariantCulture, $", {money:0.00##} {line.Currency}") : "";
            text.WriteLine($"{line.Store}: {line.Segments} objects, {ByteSize.Format(line.Bytes)}{cost}{(asks ? "" : " would be asked for")}");
        }

        text.WriteLine($"{report.Files} files: {report.Recalling} objects are on their way, {report.Recalled} are back, {report.Archived} are archived.");
        if (report.Expected is { } expected)
        {
            text.WriteLine($"All of them are back at {expected.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC at the latest, by what stores promise.");
        }

        if (report.Failed > 0)
        {
            text.WriteLine($"{report.Failed} objects could not be asked for ({report.Error}). Run it again; 'hipaafs store status' shows whether the store answers.");
        }
    }
}
