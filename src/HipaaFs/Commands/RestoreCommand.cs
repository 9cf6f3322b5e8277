using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Keys;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Volumes;
using HipaaFs.Crypto;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs restore</c>: makes a volume again from its store and a key alone.</summary>
internal static class RestoreCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var volume = new Argument<string>("VOLUME") { Description = "Directory of the restored volume; made if missing, else it must be empty, or hold a restore that was cut off." };
        var store = new Option<string>("--store") { Description = "Where the volume's objects are.", HelpName = "URL", Required = true };
        var key = new Option<string>("--key") { Description = "A key that opens the volume; a recovery key does.", HelpName = "KEYREF", Required = true };
        var atLeast = new Option<ulong?>("--at-least") { Description = "Refuse to restore an older state than this generation.", HelpName = "GENERATION" };
        var olderMirror = new Option<bool>("--older-mirror") { Description = "Restore from this store although another that can be read has a newer state." };
        var command = new Command("restore", "Makes a volume again from its store and a key alone.") { volume, store, key, atLeast, olderMirror };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            string directory = PathRelation.Resolve(parsed.GetRequiredValue(volume));
            StoreUrl url = ReadStore(parsed.GetRequiredValue(store));
            KeyReference reference = VolumeKeys.Absolute(KeyAccess.Parse(parsed.GetRequiredValue(key)), Environment.CurrentDirectory);
            NewVolumeDirectory.Check(directory, mayBeUnfinished: true);
            IKeyWrapper wrapper = KeyAccess.Open(reference, runner.Context);
            using var lifetime = wrapper as IDisposable;
            var options = new RestoreOptions
            {
                Stores = KnownStores.All,
                AtLeastGeneration = parsed.GetValue(atLeast),
                AcceptsOlderMirror = parsed.GetValue(olderMirror),
                WriteSettings = report => NewVolumeDirectory.WriteFile(directory, report.VolumeId, url, reference, runner.Context.Time.GetUtcNow(), report.TrashDays),
            };
            RestoreReport report = await output.Progress.RunAsync(show => VolumeRestore.RunAsync(
                url, wrapper, directory, options, NullLoggerFactory.Instance, runner.Context.Time, ToProgress(show), cancel));
            RestoreResult restored = ToResult(directory, report);
            output.Result(restored, JsonOutput.Default.RestoreResult, text => Describe(restored, text));
            return report.IsComplete ? ExitCode.Done : ExitCode.Incomplete;
        });
        return command;
    }

    private static StoreUrl ReadStore(string text) => StoreUrl.TryParse(text, out StoreUrl? url, out StoreUrlProblem? problem)
        ? url!
        : throw new CommandException(
            ExitCode.Usage, $"read the store's URL: {problem!.Message}", "Give one as file:///path; docs/configuration.md has the forms.");

    private static ProgressSink<RestoreProgress> ToProgress(Action<ProgressUpdate> show) =>
        new(progress => show(new ProgressUpdate(progress.Stage, progress.Done, progress.Total, "steps")));

    private static RestoreResult ToResult(string directory, RestoreReport report) => new(
        directory,
        report.VolumeId.ToString(),
        report.Generation,
        report.PublishedAt,
        report.ChainHash,
        report.Inodes,
        report.FileBytes,
        report.MissingSegments,
        [.. report.IncompleteFiles.Select(static file => new RestoreFile(file.Inode.Value, file.MissingBytes))],
        report.UnfollowedObjects,
        report.UnknownSegments)
    {
        UnreadStores = report.UnreadStores.Count == 0 ? null : report.UnreadStores,
        UncheckedSegments = report.UncheckedSegments,
        Region = report.Policy is { } policy ? HostRegionCheck.FindDemanded(policy) : null,
    };

    private static void Describe(RestoreResult restored, TextWriter text)
    {
        text.WriteLine($"Volume {restored.VolumeId} is restored in {restored.Volume}.");
        text.WriteLine($"  generation  {restored.Generation}, published {restored.PublishedAt:yyyy-MM-dd HH:mm:ss} UTC");
        text.WriteLine($"  chain hash  {restored.ChainHash}");
        text.WriteLine($"  content     {restored.Inodes} inodes, {ByteSize.Format(restored.FileBytes)}");
        if (restored.MissingSegments > 0)
        {
            text.WriteLine($"  INCOMPLETE  {restored.MissingSegments} segments are not in the store, or not whole; what is in them cannot be read:");
            foreach (RestoreFile file in restored.IncompleteFiles)
            {
                text.WriteLine($"              inode {file.Inode}: {file.MissingBytes} bytes");
            }

            text.WriteLine("              find MOUNTPOINT -inum INODE shows the name of a file");
        }

        if (restored.UnfollowedObjects > 0)
        {
            text.WriteLine($"  INCOMPLETE  {restored.UnfollowedObjects} newer objects of the change stream are damaged or cut off from it; the changes in them are not restored");
        }

        if (restored.UnreadStores is { } unread)
        {
            text.WriteLine($"  not read    store {string.Join(", ", unread)}; {restored.UncheckedSegments} segments are nowhere else");
        }

        if (restored.UnknownSegments > 0)
        {
            text.WriteLine($"  unknown     {restored.UnknownSegments} segments in the store were uploaded after the restored state");
        }

        text.WriteLine("Compare generation and chain hash with what you keep elsewhere: only who knows a newer state can tell that a store shows an old one.");
        if (restored.Region is { } region)
        {
            text.WriteLine($"WARNING: its policy says in which regions data may be. If this machine is in {region}, add this line to {Path.Combine(restored.Volume, VolumeFile.Name)} before you mount it; else use another machine:");
            text.WriteLine($"{VolumeSettings.Region.Key}: {region}");
        }

        text.WriteLine($"Mount it:  hipaafs mount {restored.Volume} MOUNTPOINT");
    }
}
