using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Transfer;

namespace HipaaFs.Cli.Commands;

/// <summary>What import, export and verify have in common.</summary>
internal static class TransferCommands
{
    private const int MostJobs = 64;

    /// <summary>The option for how many files are read or written at a time.</summary>
    public static Option<int> Jobs() => new("--jobs") { Description = "Files at a time, 1 to 64.", HelpName = "N", DefaultValueFactory = static _ => 4 };

    /// <summary>Refuses a number that is none of jobs.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static int ReadJobs(int jobs) => jobs is >= 1 and <= MostJobs
        ? jobs
        : throw new CommandException(ExitCode.Usage, $"read --jobs: {jobs} is not from 1 to {MostJobs}", "Leave it out for 4.");

    /// <summary>Refuses a list of checksums that is not there.</summary>
    /// <exception cref="CommandException">There is no such file.</exception>
    public static void RequireList(string path, string what)
    {
        if (!File.Exists(path))
        {
            throw new CommandException(
                ExitCode.NotFound, $"{what}: read the list {path}: there is no such file", "Check its spelling, and whether what it lies on is mounted.");
        }
    }

    /// <summary>Refuses to copy a directory into itself.</summary>
    /// <exception cref="CommandException">One place lies in the other.</exception>
    public static void RefuseNesting(string source, string target)
    {
        if (PathRelation.IsSameOrBelow(target, source) || PathRelation.IsSameOrBelow(source, target))
        {
            throw new CommandException(ExitCode.Usage, $"copy {source} to {target}: one lies in the other", "Choose a place outside.");
        }
    }

    /// <summary>Turns what a place as a whole cannot do into an error for people.</summary>
    /// <exception cref="CommandException">The body failed.</exception>
    public static async Task<ExitCode> GuardAsync(string what, Func<Task<ExitCode>> body)
    {
        try
        {
            return await body();
        }
        catch (TransferException exception)
        {
            throw new CommandException(ExitCode.Store, $"{what}: {exception.Message}", "Mend that and run the command again; it goes on where it stopped.", exception);
        }
        catch (FormatException exception)
        {
            throw new CommandException(ExitCode.Usage, $"{what}: read the manifest: {exception.Message}", "Give a list as sha256sum writes it.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"{what}: {exception.Message}", "Mend that and run the command again; it goes on where it stopped.", exception);
        }
    }

    /// <summary>The result of a copy.</summary>
    public static TransferResult ToResult(PlainTree source, PlainTree target, string manifest, TransferReport report) => new(
        source.Name,
        target.Name,
        manifest,
        report.Copied,
        report.CopiedBytes,
        report.Unchanged,
        report.UnchangedBytes,
        report.Vanished,
        [.. report.Failures.OrderBy(static failure => failure.Path, StringComparer.Ordinal)]);

    /// <summary>Shows the result of a copy.</summary>
    public static ExitCode Tell(TransferResult result, CommandOutput output)
    {
        output.Result(result, JsonOutput.Default.TransferResult, text => Describe(result, text));
        return result.Failures.Count == 0 ? ExitCode.Done : ExitCode.Incomplete;
    }

    /// <summary>Lists files, the first hundred.</summary>
    public static void Describe(string what, IReadOnlyList<TransferFailure> failures, TextWriter text)
    {
        const int MostShown = 100;
        if (failures.Count == 0)
        {
            return;
        }

        text.WriteLine($"{what}: {failures.Count} files");
        foreach (TransferFailure failure in failures.Take(MostShown))
        {
            text.WriteLine($"  {failure.Path}: {failure.Reason}");
        }

        if (failures.Count > MostShown)
        {
            text.WriteLine($"  and {failures.Count - MostShown} more; --json lists all");
        }
    }

    private static void Describe(TransferResult result, TextWriter text)
    {
        text.WriteLine($"{result.Copied} files ({ByteSize.Format(result.CopiedBytes)}) were copied from {result.Source} to {result.Target}.");
        if (result.Copied > 0 && result.Verified is { } verified)
        {
            text.WriteLine(verified == result.Copied
                ? "All of them were held against checksums of the source."
                : $"{verified} of them were held against checksums of the source, {result.Copied - verified} against their length alone, since the source says no more of them.");
        }

        if (result.Unchanged > 0)
        {
            text.WriteLine($"{result.Unchanged} files ({ByteSize.Format(result.UnchangedBytes)}) were there already.");
        }

        if (result.Vanished > 0)
        {
            text.WriteLine($"{result.Vanished} files that were copied before are not in the source any more.");
        }

        text.WriteLine($"Manifest: {result.Manifest}");
        Describe("NOT COPIED", result.Failures, text);
    }
}
