using System.CommandLine;
using System.Globalization;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs policy transition</c>: which files are old enough for another tier, now or at some other time, and has them go there.</summary>
internal static class PolicyTransitionCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var asOf = new Option<string>("--as-of") { Description = "The time that counts: 2026-12-24, or 2026-12-24T18:00:00Z. Now, unless it is given.", HelpName = "TIME" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only counts." };
        var yes = new Option<bool>("--yes") { Description = "Does it for a time to come: sooner than the policy says." };
        var command = new Command("transition", "Has files that are old enough go to their next tier now; the mount does so by itself every ten minutes, in the policy's windows.")
        {
            mountPoint, asOf, dryRun, yes,
        };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            DateTimeOffset now = runner.Context.Time.GetUtcNow();
            DateTimeOffset moment = parsed.GetValue(asOf) is { } text ? Parse(text) : now;
            bool countsOnly = parsed.GetValue(dryRun);
            if (moment > now && !countsOnly && !parsed.GetValue(yes))
            {
                throw new CommandException(
                    ExitCode.Refused,
                    $"have files go to their next tier as of {Describe(moment)}: that is to come, and --yes is not given",
                    "--dry-run shows which files it is; --yes does it, sooner than the policy says.");
            }

            using ControlClient client = await MountLocator.ConnectAsync(MountLocator.FindMount(parsed.GetRequiredValue(mountPoint)), runner.Context, cancel);
            TransitionReport report = await client.TransitionAsync(moment, countsOnly, cancel);
            output.Result(report, JsonOutput.Default.TransitionReport, writer => Describe(report, writer));
            return ExitCode.Done;
        });
        return command;
    }

    private static DateTimeOffset Parse(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset moment)
            ? moment
            : throw new CommandException(ExitCode.Usage, $"--as-of: '{TerminalText.Escape(text)}' is no time", "Write 2026-12-24, or 2026-12-24T18:00:00Z.");

    private static void Describe(TransitionReport report, TextWriter text)
    {
        foreach (TransitionLine line in report.Steps)
        {
            text.WriteLine($"{CountText.Format(line.Files, "file")}, {ByteSize.Format(line.Bytes)}: {line.From} -> {line.To}");
        }

        text.WriteLine(
            report.Steps.Count == 0 ? $"No file is old enough as of {Describe(report.AsOf)}."
            : report.Taken ? "Their data is moved in the background; 'hipaafs status' shows how far that is."
            : $"They are old enough as of {Describe(report.AsOf)}. Nothing is changed.");
    }

    private static string Describe(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
