using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Transfer;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs verify</c>: reads every file that a manifest names and compares it.</summary>
internal static class VerifyCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var manifest = new Argument<string>("MANIFEST") { Description = "List of SHA-256 (as import keeps it, or sha256sum writes it), or a bag: a directory or the URL of a bucket." };
        var place = new Argument<string?>("PATH") { Description = "Directory of the files. Default: that of the manifest.", Arity = ArgumentArity.ZeroOrOne };
        Option<int> jobs = TransferCommands.Jobs();
        var command = new Command("verify", "Reads files and compares them with a manifest.") { manifest, place, jobs };
        runner.Handle(command, (parsed, output, cancel) => TransferCommands.GuardAsync("verify", async () =>
        {
            string named = parsed.GetRequiredValue(manifest);
            string? file = named.Contains("://", StringComparison.Ordinal) || Directory.Exists(named) ? null : PathRelation.Resolve(named);
            if (file is not null)
            {
                TransferCommands.RequireList(file, "verify");
            }

            await using PlainTree tree = PlainTrees.Open(file is null ? named : parsed.GetValue(place) ?? Path.GetDirectoryName(file)!, create: false, runner.Context);
            bool isBag = await Bag.IsOneAsync(tree, cancel) && (file is null || Path.GetFileName(file) == Bag.Manifest);
            IReadOnlyDictionary<string, byte[]> expected = isBag || file is null
                ? await Bag.ReadAsync(tree, withTags: true, cancel)
                : ChecksumManifest.Parse(await File.ReadAllBytesAsync(file, cancel));
            var check = new ManifestCheck(tree, expected, isBag ? Bag.Payload : null, TransferCommands.ReadJobs(parsed.GetValue(jobs)));
            TransferReport report = await output.Progress.RunAsync(show => check.RunAsync(show, cancel));
            var result = new VerifyResult(tree.Name, report.Unchanged, report.UnchangedBytes, report.Failures);
            output.Result(result, JsonOutput.Default.VerifyResult, text => Describe(result, text));
            return result.Failures.Count == 0 ? ExitCode.Done : ExitCode.Integrity;
        }));
        return command;
    }

    private static void Describe(VerifyResult result, TextWriter text)
    {
        text.WriteLine($"{result.Intact} files ({ByteSize.Format(result.IntactBytes)}) in {result.Place} are as the manifest says.");
        TransferCommands.Describe("NOT AS IT SHOULD BE", result.Failures, text);
    }
}
