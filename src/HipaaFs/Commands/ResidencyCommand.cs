using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs residency</c>: shows in which stores and regions the data of each directory is.</summary>
internal static class ResidencyCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("residency", "Shows in which regions data is.")
    {
        CreateReport(runner),
    };

    private static Command CreateReport(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var command = new Command("report", "Shows where the data of each directory of the policy is, and what violates its regions; ends with 10 when something does.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await MountLocator.ConnectAsync(MountLocator.FindMount(parsed.GetRequiredValue(mountPoint)), runner.Context, cancel);
            ResidencyReport report = await output.Progress.RunAsync(progress => client.ReportResidencyAsync(progress, cancel));
            output.Result(report, JsonOutput.Default.ResidencyReport, text => Describe(report, text));
            return report.Holds ? ExitCode.Done : ExitCode.Refused;
        });
        return command;
    }

    private static void Describe(ResidencyReport report, TextWriter text)
    {
        foreach (ResidencyLine line in report.Directories)
        {
            text.WriteLine($"{TerminalText.Escape(line.Path)}  {(line.Regions is null ? "may be anywhere" : $"may be in {string.Join(", ", line.Regions)}")}");
            foreach (ResidencyPlace place in line.Places)
            {
                string amount = place.Kind == "copies" ? $": {CountText.Format(place.Segments, "segment")}, {ByteSize.Format(place.Bytes)}" : "";
                text.WriteLine($"  {place.Kind,-9}  {(place.Store.Length == 0 ? "this machine" : place.Store)}, {(place.Region.Length == 0 ? "region unknown" : place.Region)}{amount}");
            }

            foreach (string violation in line.Violations)
            {
                text.WriteLine($"  VIOLATION  {violation}");
            }
        }

        text.WriteLine(report.Holds ? "Everything is in the regions that it may be in." : "Not everything is proven to be in the regions that it may be in.");
    }
}
