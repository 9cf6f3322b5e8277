using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Collection;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs gc</c>: does now what a mount does by itself at a low rate: rewrites segments that are partly dead and deletes those nothing needs.</summary>
internal static class GcCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var command = new Command("gc", "Frees what the store holds of deleted and overwritten data.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            MountEntry mount = MountLocator.FindMount(parsed.GetRequiredValue(mountPoint));
            using ControlClient client = await MountLocator.ConnectAsync(mount.Volume!.Value, runner.Context, cancel);
            GarbageReport report = await output.Progress.RunAsync(progress => client.CollectGarbageAsync(progress, cancel));
            output.Result(report, JsonOutput.Default.GarbageReport, text => Describe(report, text));
            return report.IsComplete ? ExitCode.Done : ExitCode.Incomplete;
        });
        return command;
    }

    private static void Describe(GarbageReport report, TextWriter text)
    {
        text.WriteLine($"Rewrote {report.RewrittenSegments} segments, {ByteSize.Format(report.CopiedBytes)} copied.");
        text.WriteLine($"Deleted {report.DeletedSegments} segments, {ByteSize.Format(report.DeletedBytes)}.");
        text.WriteLine(
            $"Stored: {ByteSize.Format(report.Space.StoredBytes)} for {ByteSize.Format(report.Space.LiveBytes)} of live data; "
            + $"{ByteSize.Format(report.Space.CondemnedBytes)} are deleted after their grace.");
        if (!report.IsComplete)
        {
            text.WriteLine("Something is left: files were busy, staging had no room to spare, or data could not be read. The log says which.");
        }
    }
}
