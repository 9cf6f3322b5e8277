using System.CommandLine;
using HipaaFs.Checking;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Keys;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Volumes;
using HipaaFs.Crypto;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs fsck</c>: checks a volume that is not mounted.</summary>
internal static class FsckCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var volume = new Argument<string>("VOLUME") { Description = "Directory of the volume, which must not be mounted." };
        var repair = new Option<bool>("--repair") { Description = "Repair what can be repaired." };
        var key = new Option<string?>("--key") { Description = "The key, instead of the one volume.yaml names.", HelpName = "KEYREF" };
        var command = new Command("fsck", "Checks that everything in a volume fits together.") { volume, repair, key };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            var configuration = VolumeConfiguration.Load(
                parsed.GetRequiredValue(volume), new Dictionary<string, string>(), runner.Context.Environment);
            IKeyWrapper wrapper = KeyAccess.Open(VolumeKeys.Resolve(configuration, parsed.GetValue(key)), runner.Context);
            using var lifetime = wrapper as IDisposable;
            Task<CheckReport> CheckAsync(Action<ProgressUpdate> show) => VolumeCheck.RunAsync(
                VolumeOptionsMapping.ToOptions(configuration), wrapper, parsed.GetValue(repair), ToProgress(show), cancel);
            CheckReport report = await HeldVolume.ExplainAsync(configuration, runner.Context, () => output.Progress.RunAsync(CheckAsync), cancel);
            var result = new FsckResult(
                report.Findings.All(finding => finding.Repaired),
                report.Inodes,
                report.Segments,
                [.. report.Findings.Select(finding => new FsckFinding(finding.Kind.ToString(), finding.Subject, finding.Repaired))])
            {
                UnreadStores = report.UnreadStores.Count == 0 ? null : report.UnreadStores,
                UncheckedSegments = report.UncheckedSegments,
            };
            output.Result(result, JsonOutput.Default.FsckResult, text => Describe(result, text));
            return !result.Clean ? ExitCode.Integrity : result.UnreadStores is null ? ExitCode.Done : ExitCode.Incomplete;
        });
        return command;
    }

    private static ProgressSink<CheckProgress> ToProgress(Action<ProgressUpdate> show) =>
        new(progress => show(new ProgressUpdate(progress.Stage, progress.Done, progress.Total, "rows")));

    private static void Describe(FsckResult result, TextWriter text)
    {
        foreach (FsckFinding finding in result.Findings)
        {
            text.WriteLine($"{finding.Kind}: {finding.Subject}{(finding.Repaired ? " (repaired)" : "")}");
        }

        if (result.UnreadStores is { } unread)
        {
            text.WriteLine($"Not read: store {string.Join(", ", unread)}. {result.UncheckedSegments} segments may be there only; nothing was done about them.");
        }

        text.WriteLine($"{result.Inodes} inodes, {result.Segments} segments: {(result.Clean ? "clean" : "NOT CLEAN")}");
        if (!result.Clean)
        {
            text.WriteLine("Repair what can be repaired with --repair; docs/errors.md says what each finding means.");
        }
    }
}
