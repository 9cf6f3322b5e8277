using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Volumes;
using HipaaFs.Shipping;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs store migrate --via</c> does, and <c>hipaafs store upload</c>: stores that are moved by shipped disks.</summary>
internal static class StoreShipmentCommand
{
    /// <summary>Builds the command that needs no mount.</summary>
    public static Command CreateUpload(CommandRunner runner)
    {
        var directory = new Argument<string>("DIR") { Description = "The directory of a shipment, as 'store migrate --via DIR --out' wrote it." };
        var url = new Argument<string>("URL") { Description = "The store that gets it, which the volume has registered." };
        var command = new Command("upload", "Puts what a shipped disk holds into a store; needs neither the volume nor its keys.") { directory, url };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            string path = Path.GetFullPath(parsed.GetRequiredValue(directory));
            string place = parsed.GetRequiredValue(url);
            StoreShipment report = await output.Progress.RunAsync(progress => UploadAsync(path, place, runner, progress, cancel));
            output.Result(report, JsonOutput.Default.StoreShipment, text =>
            {
                text.WriteLine($"{CountText.Format(report.Segments, "segment")}, {ByteSize.Format(report.Bytes)}, {(report.Segments == 1 ? "is" : "are")} in the store as the manifest says.");
                DescribeRefused(report, "are not on the disk as the manifest says", text);
                text.WriteLine(
                    report.Stopped is not null ? $"The store takes no more ({report.Stopped}). Run it again: it goes on."
                    : "'hipaafs store migrate MOUNTPOINT FROM TO --received' has the volume take it.");
            });
            return ToExitCode(report, isLast: true);
        });
        return command;
    }

    /// <summary>Runs a step on the mount.</summary>
    /// <param name="client">The mount.</param>
    /// <param name="from">The store that is emptied.</param>
    /// <param name="to">The store that gets it.</param>
    /// <param name="via">The directory of the disk; null for what was uploaded elsewhere.</param>
    /// <param name="word">out, in or received.</param>
    /// <param name="step">How it is written.</param>
    /// <param name="output">Shows it.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<ExitCode> RunAsync(
        ControlClient client, string from, string to, string? via, string word, ShipmentStep step, CommandOutput output, CancellationToken cancel)
    {
        string? directory = via is null ? null : Path.GetFullPath(via);
        StoreShipment shipment = await output.Progress.RunAsync(progress => client.ShipAsync(from, to, directory, word, step, progress, cancel));
        output.Result(shipment, JsonOutput.Default.StoreShipment, text => Describe(shipment, word, step, text));
        return step.CountsOnly ? ExitCode.Done : ToExitCode(shipment, isLast: word != "out");
    }

    /// <summary>What a step ends with.</summary>
    /// <param name="report">What came of it.</param>
    /// <param name="isLast">Whether what is left goes over the network, not on another disk.</param>
    public static ExitCode ToExitCode(StoreShipment report, bool isLast) =>
        report.RefusedObjects > 0 ? ExitCode.Integrity
        : report.Stopped is not null ? ExitCode.Store
        : !isLast && report.LeftSegments > 0 ? ExitCode.Incomplete
        : ExitCode.Done;

    private static void Describe(StoreShipment report, string word, ShipmentStep step, TextWriter text)
    {
        string left = $"{CountText.Format(report.LeftSegments, "segment")}, {ByteSize.Format(report.LeftBytes)},";
        if (step.CountsOnly)
        {
            text.WriteLine($"{left} of {report.From} would be shipped to {report.To}.");
            return;
        }

        text.WriteLine(word == "out"
            ? $"{CountText.Format(report.Segments, "segment")}, {ByteSize.Format(report.Bytes)}, {(report.Segments == 1 ? "is" : "are")} on the disk."
            : $"{report.To} has {CountText.Format(report.Segments, "segment")}, {ByteSize.Format(report.Bytes)}, more{(report.Segments == 0 ? "" : $", and is in the place of {report.From}")}.");
        DescribeRefused(report, word == "received" ? "are in the store not as they were sealed" : "are not on the disk as they were sealed", text);
        if (report.Unreadable > 0)
        {
            text.WriteLine($"{CountText.Format(report.Unreadable, "segment")} could not be read: in an archive, or damaged in {report.From}. 'hipaafs recall' brings files back, 'hipaafs store verify' finds damage.");
        }

        text.WriteLine(
            report.Stopped is not null ? $"The store does not answer ({report.Stopped}). Run it again: it goes on."
            : report.LeftSegments == 0 ? "Nothing is left."
            : word == "out" ? $"{left} are left: run it again with another disk, or let them go over the network."
            : report.Segments > 0 ? $"{left} are left and go over the network from now on."
            : $"{left} are left. Nothing is changed.");
    }

    private static void DescribeRefused(StoreShipment report, string what, TextWriter text)
    {
        if (report.RefusedObjects == 0)
        {
            return;
        }

        text.WriteLine($"REFUSED: {CountText.Format(report.RefusedObjects, "object")} that {what}:");
        foreach (string key in report.Refused)
        {
            text.WriteLine($"  {TerminalText.Escape(key)}");
        }

        if (report.RefusedObjects > report.Refused.Count)
        {
            text.WriteLine($"  and {report.RefusedObjects - report.Refused.Count} more");
        }
    }

    private static async Task<StoreShipment> UploadAsync(string directory, string place, CommandRunner runner, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        string action = $"upload what is in {directory}";
        if (!StoreUrl.TryParse(place, out StoreUrl? url, out StoreUrlProblem? problem))
        {
            throw new CommandException(ExitCode.Usage, $"{action}: {problem.Message}", "Give the URL that the policy has for the store.");
        }

        try
        {
            using ShipmentManifest manifest = ShipmentManifest.TryRead(Path.Combine(directory, ShipmentManifest.FileName))
                ?? throw new CommandException(ExitCode.NotFound, $"{action}: there is no {ShipmentManifest.FileName}", "Give the directory that '--out' was given, as it is mounted here.");
            await using IObjectStore store = KnownStores.All.Open(url, new StoreOptions(), runner.Context.Time, NullLogger.Instance);
            var sink = new ProgressSink<ShipmentProgress>(done => progress(new ProgressUpdate("upload", done.Bytes, done.TotalBytes, "bytes")));
            return StoreShipment.Of(directory, url.ToString(), await new ShipmentUpload(manifest, directory, store, url).RunAsync(sink, cancel), error => StoreAdvice.For(StoreFailure.Of(error)).Text);
        }
        catch (StoreOpenException error)
        {
            throw new CommandException(ExitCode.Store, $"{action}: open {url}: {error.Message}", "Correct the URL or the credentials in the environment.", error);
        }
        catch (VolumeException error)
        {
            throw VolumeFailures.ToCommand(error);
        }
        catch (InvalidDataException error)
        {
            throw new CommandException(ExitCode.Integrity, $"{action}: {error.Message}", "Write the disk anew with '--out'.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"{action}: {error.Message}", "Mend that and run the command again.", error);
        }
    }
}
