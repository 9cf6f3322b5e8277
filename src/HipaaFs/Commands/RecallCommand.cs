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
        var paths = new Argument<string[]>("PATHS") { Description = "Files of one mount, and directories with everything in them. A mount point comes first and says which mount.", Arity = ArgumentArity.ZeroOrMore };
        var manifest = new Option<string?>("--manifest")
        {
            Description = "List of files, a path a line, relative ones to the mount point that is named, else to the current directory; lists of sha256sum too.",
            HelpName = "FILE",
        };
        var speed = new Option<string>("--speed") { Description = "bulk, the cheapest; standard; expedited, the quickest.", DefaultValueFactory = static _ => "standard" };
        speed.AcceptOnlyFromAmong([.. PolicyWords.Speeds.Select(static word => word.Word)]);
        var days = new Option<int>("--days") { Description = "For how many days it stays readable, 1 to 365.", DefaultValueFactory = static _ => 7 };
        var dryRun = new Option<bool>("--dry-run") { Description = "Shows what it would ask for, and what that costs; asks for nothing." };
        var wait = new Option<bool>("--wait") { Description = "Returns when everything is back; shows how far that is." };
        var command = new Command("recall", "Brings archived files back for a while.") { paths, manifest, speed, days, dryRun, wait };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            string[] named = parsed.GetValue(paths) ?? [];
            MountEntry mount = MountLocator.FindContaining(named.Length > 0 ? named[0] : Environment.CurrentDirectory);
            bool isMountNamed = named.Length > 0 && PathRelation.Resolve(named[0]) == PathRelation.Resolve(mount.MountPoint);
            RecallSelection selection = Select(mount.MountPoint, isMountNamed ? named[1..] : named, parsed.GetValue(manifest), isMountNamed ? mount.MountPoint : Environment.CurrentDirectory);
            IReadOnlyCollection<InodeId> files = selection.Files;
            RestoreRequest request = ToRequest(parsed.GetRequiredValue(speed), parsed.GetValue(days));
            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            bool asks = !parsed.GetValue(dryRun);
            RecallReport report = await client.RecallAsync(files, request, asks, cancel);
            if (asks && parsed.GetValue(wait))
            {
                report = await output.Progress.RunAsync(show => WaitAsync(client, files, request, report, show, runner.Context.Time, cancel));
            }

            output.Result(report, JsonOutput.Default.RecallReport, text => Describe(report, asks ? request.Speed : null, selection, text));
            return !asks ? ExitCode.Done : ToExitCode(report, parsed.GetValue(wait));
        });
        return command;
    }

    /// <summary>What it ends with.</summary>
    /// <param name="report">What came of it.</param>
    /// <param name="waited">Whether everything should be back.</param>
    public static ExitCode ToExitCode(RecallReport report, bool waited) =>
        report.Failed > 0 && report.Recalling + report.Recalled == 0 ? ExitCode.Store
        : report.Failed > 0 || report.Missing > 0 || (waited && report.Archived + report.Recalling > 0) ? ExitCode.Incomplete
        : ExitCode.Done;

    private static RecallSelection Select(string mountPoint, string[] paths, string? manifest, string listedFrom)
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
                selection.AddList(manifest, listedFrom);
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
            ? selection
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

        return now with { Failed = asked.Failed, Error = asked.Error, Requests = asked.Requests, Warnings = asked.Warnings };
    }

    private static void Describe(RecallReport report, RestoreSpeed? asked, RecallSelection selection, TextWriter text)
    {
        foreach (string warning in report.Warnings)
        {
            text.WriteLine($"WARNING: {warning}.");
        }

        foreach (RecallRequestLine line in report.Requests)
        {
            text.WriteLine($"{line.Store}: {CountText.Format(line.Segments, "object")}, {ByteSize.Format(line.Bytes)}{(asked is null ? " would be asked for" : "")}");
            string? word = asked is null ? null : PolicyWords.Speeds.First(speed => speed.Value == asked).Word;
            foreach (RecallSpeedLine speed in line.Speeds.Where(speed => word is null || speed.Speed == word))
            {
                text.WriteLine($"  {speed.Speed,-10} {Describe(speed, line.Currency)}");
            }
        }

        text.WriteLine(
            $"{CountText.Format(report.Files, "file")}: {CountText.Format(report.Recalling, "object is", "objects are")} on the way, {CountText.Format(report.Recalled, "is", "are")} back, {CountText.Format(report.Archived, "is", "are")} archived.");
        if (report.Expected is { } expected)
        {
            text.WriteLine($"All of them are back at {expected.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC at the latest, by what stores promise.");
        }

        if (report.Missing > 0)
        {
            text.WriteLine($"MISSING: {CountText.Format(report.Missing, "object")} that these files need {(report.Missing == 1 ? "is" : "are")} in no store of the volume any more, so that nothing brings it back:");
            foreach (string path in selection.PathsOf(report.IncompleteFiles.Select(static inode => new InodeId(inode))))
            {
                text.WriteLine($"  {TerminalText.Escape(path)}");
            }

            text.WriteLine("What of them is lost, 'hipaafs fsck' says. Should the store turn up that had it, name it in the policy again: 'hipaafs fsck --repair' finds what is in it.");
        }

        if (report.Failed > 0)
        {
            text.WriteLine($"{CountText.Format(report.Failed, "object")} could not be asked for ({report.Error}). {(report.Error == nameof(StoreError.NotFound)
                ? "It is not where it should be: 'hipaafs scrub' says what is missing."
                : report.Error == nameof(StoreError.NoSpace) ? "The budget of the store is used up: 'hipaafs cost' shows it."
                : report.Error == nameof(StoreError.Archived) ? "It is on the way at a lesser speed, which the store does not change."
                : "Run it again; 'hipaafs store status' shows whether the store answers.")}");
        }
    }

    private static string Describe(RecallSpeedLine speed, string? currency)
    {
        if (!speed.Offered)
        {
            return "not offered by this kind of store";
        }

        double unit = speed.ToSeconds >= 3600 ? 3600 : 60;
        string time = (speed.FromSeconds / unit, speed.ToSeconds / unit) switch
        {
            ( > 0 and var from, { } to) => string.Create(CultureInfo.InvariantCulture, $"usually {from} to {to} {(unit == 60 ? "minutes" : "hours")}, no promise"),
            (_, { } to) => $"usually within {CountText.Format((long)to, unit == 60 ? "minute" : "hour")}, no promise",
            _ => "nothing is known of how long it takes",
        };
        return $"{time}; {(speed.Cost is { } cost ? $"{MoneyText.Format(cost)} {currency}" : "no price in the policy")}";
    }
}
