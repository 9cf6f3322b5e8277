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
        var unknown = new Option<bool>("--unknown") { Description = "Shows instead what the store holds that this volume knows nothing of: uploads of a machine that is gone." };
        var delete = new Option<bool>("--delete") { Description = "With --unknown: deletes that for good." };
        var command = new Command("gc", "Frees what the store holds of deleted and overwritten data.") { mountPoint, unknown, delete };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            bool deletes = parsed.GetValue(delete);
            if (deletes && !parsed.GetValue(unknown))
            {
                throw new CommandException(ExitCode.Usage, "read --delete: it says what to do with --unknown", "Add --unknown, or leave it out: gc deletes what nothing needs anyway.");
            }

            MountEntry mount = MountLocator.FindMount(parsed.GetRequiredValue(mountPoint));
            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            if (parsed.GetValue(unknown))
            {
                UnknownReport found = await output.Progress.RunAsync(progress => client.SweepUnknownAsync(deletes, progress, cancel));
                output.Result(found, JsonOutput.Default.UnknownReport, text => Describe(found, deletes, text));
                return found.IsComplete ? ExitCode.Done : ExitCode.Incomplete;
            }

            GarbageReport report = await output.Progress.RunAsync(progress => client.CollectGarbageAsync(progress, cancel));
            output.Result(report, JsonOutput.Default.GarbageReport, text => Describe(report, text));
            return report.IsComplete ? ExitCode.Done : ExitCode.Incomplete;
        });
        return command;
    }

    private static void Describe(UnknownReport found, bool deletes, TextWriter text)
    {
        text.WriteLine($"The stores hold {found.Segments} segments, {ByteSize.Format(found.Bytes)}, that this volume knows nothing of.");
        if (found.YoungSegments > 0)
        {
            text.WriteLine($"{found.YoungSegments} more are too young to tell; a later mount can.");
        }

        text.WriteLine(
            deletes ? $"Deleted {found.DeletedSegments} segments, {ByteSize.Format(found.DeletedBytes)}."
            : found.Segments > 0 ? "They may be all that is left of what another machine wrote last. When it is certain that nobody wants that, --delete deletes them."
            : "Nothing is to be deleted.");
        if (found.UnreadStores is { } unread)
        {
            text.WriteLine($"Not looked into to the end: store {string.Join(", ", unread)}. Nothing was decided about what it has.");
        }

        if (!found.IsComplete)
        {
            text.WriteLine("A store did not answer everything, or a newer session has the volume: run it again.");
        }
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
