using System.CommandLine;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Transfer;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs import</c>: copies plain files of a bucket or directory into a directory, checked, and goes on where it was cut off.</summary>
internal static class ImportCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var source = new Argument<string>("URL") { Description = "Where the files are: a bucket, or a directory. A bag (RFC 8493) is held against its manifest." };
        var path = new Argument<string>("PATH") { Description = "Directory that gets them, on a mount; made if missing." };
        var checksums = new Option<string?>("--checksums") { Description = "List of SHA-256 (as sha256sum writes it) that the files must have.", HelpName = "FILE" };
        var manifest = new Option<string?>("--manifest") { Description = "Where the list of what was copied is kept. Default: PATH/manifest-sha256.txt", HelpName = "FILE" };
        Option<int> jobs = TransferCommands.Jobs();
        var command = new Command("import", "Copies plain files into a directory and checks them; a second run copies what is new.") { source, path, checksums, manifest, jobs };
        runner.Handle(command, (parsed, output, cancel) => TransferCommands.GuardAsync("import", async () =>
        {
            await using PlainTree from = PlainTrees.Open(parsed.GetRequiredValue(source), create: false, runner.Context);
            string directory = PathRelation.Resolve(parsed.GetRequiredValue(path));
            TransferCommands.RefuseNesting(from.Name, directory);
            await using PlainTree to = PlainTrees.Open(directory, create: true, runner.Context);
            string kept = parsed.GetValue(manifest) is { } set ? PathRelation.Resolve(set) : Path.Combine(directory, Bag.Manifest);
            using TransferJournal journal = TransferJournal.Open(from.Name, to.Name, runner.Context.Environment);
            RefuseForeignList(kept, journal);
            TransferOptions options = await OptionsAsync(from, parsed.GetValue(checksums), cancel) with
            {
                Jobs = TransferCommands.ReadJobs(parsed.GetValue(jobs)),
                ReservedPath = PathRelation.IsSameOrBelow(kept, directory) ? Path.GetRelativePath(directory, kept) : null,
            };
            var run = new TransferRun(from, to, journal, options);
            TransferReport report = await output.Progress.RunAsync(show => run.RunAsync(show, cancel));
            await new DirectoryTree(Path.GetDirectoryName(kept)!).WriteAllAsync(Path.GetFileName(kept), ChecksumManifest.Format(run.Files), cancel);
            return TransferCommands.Tell(TransferCommands.ToResult(from, to, kept, report) with { Verified = report.Verified }, output);
        }));
        return command;
    }

    // The list of another import says what that one brought.
    private static void RefuseForeignList(string kept, TransferJournal journal)
    {
        if (File.Exists(kept) && journal.Records.Count == 0)
        {
            throw new CommandException(
                ExitCode.Refused,
                $"import: {kept}, where the list of what is copied is kept, is there already and not of an earlier run of this import",
                "Name another place for the list with --manifest FILE.");
        }
    }

    private static async Task<TransferOptions> OptionsAsync(PlainTree from, string? checksums, CancellationToken cancel)
    {
        if (checksums is not null)
        {
            TransferCommands.RequireList(checksums, "import");
            return new TransferOptions { Expected = ChecksumManifest.Parse(await File.ReadAllBytesAsync(checksums, cancel)) };
        }

        return await Bag.IsOneAsync(from, cancel)
            ? new TransferOptions { SourcePrefix = Bag.Payload, Expected = await Bag.ReadAsync(from, withTags: false, cancel) }
            : new TransferOptions();
    }
}
