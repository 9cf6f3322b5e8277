using System.CommandLine;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Transfer;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs export</c>: copies the files of a directory into a bucket or another directory, as a bag that anybody can check and read.</summary>
internal static class ExportCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var path = new Argument<string>("PATH") { Description = "Directory whose files are copied, on a mount; below .snapshots nothing changes meanwhile." };
        var target = new Argument<string>("URL") { Description = "Bucket or directory that becomes a bag (RFC 8493): the plain files below data/, and their SHA-256." };
        Option<int> jobs = TransferCommands.Jobs();
        var command = new Command("export", "Copies plain files out of a directory, with a manifest; a second run copies what is new and removes what is gone.") { path, target, jobs };
        runner.Handle(command, (parsed, output, cancel) => TransferCommands.GuardAsync("export", async () =>
        {
            string directory = PathRelation.Resolve(parsed.GetRequiredValue(path));
            await using PlainTree from = PlainTrees.Open(directory, create: false, runner.Context);
            await using PlainTree to = PlainTrees.Open(parsed.GetRequiredValue(target), create: true, runner.Context);
            TransferCommands.RefuseNesting(directory, to.Name);
            using TransferJournal journal = TransferJournal.Open(from.Name, to.Name, runner.Context.Environment);
            await BeginAsync(to, journal, cancel);
            var options = new TransferOptions { Jobs = TransferCommands.ReadJobs(parsed.GetValue(jobs)), TargetPrefix = Bag.Payload, RemovesVanished = true };
            var run = new TransferRun(from, to, journal, options);
            TransferReport report = await output.Progress.RunAsync(show => run.RunAsync(show, cancel));
            await Bag.FinishAsync(to, run.Files, run.FileBytes, runner.Context.Time.GetUtcNow(), cancel);
            return TransferCommands.Tell(TransferCommands.ToResult(from, to, Bag.Manifest, report), output);
        }));
        return command;
    }

    // What is no bag is somebody's, and would be no bag with these files among others; a bag with files that no run copied from here is another source's.
    private static async Task BeginAsync(PlainTree to, TransferJournal journal, CancellationToken cancel)
    {
        bool isBag = await Bag.IsOneAsync(to, cancel);
        if (isBag && journal.Records.Count > 0)
        {
            return;
        }

        await foreach (PlainFile file in to.ListAsync(static _ => { }, cancel))
        {
            if (!isBag)
            {
                throw new CommandException(
                    ExitCode.Refused, $"export to {to.Name}: there are files already, and it is no bag", "Give an empty directory, or a prefix of a bucket under which there is nothing.");
            }

            if (file.Path.StartsWith(Bag.Payload, StringComparison.Ordinal))
            {
                throw new CommandException(
                    ExitCode.Refused,
                    $"export to {to.Name}: it is a bag that was not made from this directory, or the journal of the runs that made it is gone",
                    "Give a place of its own to each directory that is exported.");
            }
        }

        if (!isBag)
        {
            await Bag.BeginAsync(to, cancel);
        }
    }
}
