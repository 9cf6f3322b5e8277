using System.CommandLine;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs policy</c>: checks a policy file, says what it means, and applies it to a mounted volume.</summary>
internal static class PolicyCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("policy", "Checks and explains a policy file, and applies it to a mounted volume.")
    {
        CreateCheck(runner),
        CreateExplain(runner),
        CreatePlan(runner),
        CreateApply(runner),
        PolicyTransitionCommand.Create(runner),
    };

    private static Command CreatePlan(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        Argument<string> file = FileArgument();
        var command = new Command("plan", "Shows what applying a policy would change, move and cost.") { mountPoint, file };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            string path = parsed.GetRequiredValue(file);
            byte[] content = PolicyFile.ReadFile(path);
            using ControlClient client = await MountLocator.ConnectAsync(MountLocator.FindMount(parsed.GetRequiredValue(mountPoint)), runner.Context, cancel);
            PolicyPlan plan = await output.Progress.RunAsync(progress => client.UsePolicyAsync(content, path, applies: false, progress, cancel));
            output.Result(plan, JsonOutput.Default.PolicyPlan, text =>
            {
                PolicyPlanText.Write(plan, text);
                text.WriteLine(plan.Changes ? "Nothing is changed yet: 'hipaafs policy apply' does it." : "Everything is as the policy says.");
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateApply(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        Argument<string> file = FileArgument();
        var make = new Option<bool>("--make-directories") { Description = "Makes directories of the policy that are not there, with mode 0755." };
        var yes = new Option<bool>("--yes") { Description = "Does not ask before data is moved." };
        var command = new Command("apply", "Applies a policy: registers its stores and places its directories. Data is moved in the background.") { mountPoint, file, make, yes };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            string path = parsed.GetRequiredValue(file);
            byte[] content = PolicyFile.ReadFile(path);
            MountEntry mount = MountLocator.FindMount(parsed.GetRequiredValue(mountPoint));
            using ControlClient client = await MountLocator.ConnectAsync(mount, runner.Context, cancel);
            PolicyPlan plan = await output.Progress.RunAsync(progress => client.UsePolicyAsync(content, path, applies: false, progress, cancel));
            if (plan.Directories.Any(static directory => directory.MovedBytes > 0) && !parsed.GetValue(yes))
            {
                throw new CommandException(
                    ExitCode.Refused,
                    $"apply the policy {path}: {CountText.Format(plan.Directories.Sum(static directory => directory.MovedFiles), "file")} would be moved to other stores, and --yes is not given",
                    "'hipaafs policy plan' shows what is moved and what it costs; --yes does it.");
            }

            var made = new List<string>();
            try
            {
                if (parsed.GetValue(make))
                {
                    MakeDirectories(mount.MountPoint, plan.Missing, made);
                }

                plan = await output.Progress.RunAsync(progress => client.UsePolicyAsync(content, path, applies: true, progress, cancel));
            }
            catch (CommandException failure) when (made.Count > 0)
            {
                throw new CommandException(
                    failure.Code,
                    $"{failure.Message}; {CountText.Format(made.Count, "directory", "directories")} of the policy {(made.Count == 1 ? "was" : "were")} made before that",
                    failure.Action.Contains("goes on from there", StringComparison.Ordinal) ? failure.Action : $"{failure.Action} Then run it again: it goes on from there.",
                    failure)
                {
                    Problems = failure.Problems,
                };
            }

            output.Result(plan, JsonOutput.Default.PolicyPlan, text =>
            {
                PolicyPlanText.Write(plan, text);
                text.WriteLine(
                    !plan.Changes ? "Everything was as the policy says: nothing is changed."
                    : plan.Transfers.Count == 0 ? "The policy holds."
                    : "The policy holds for what is written from now on. What is there is moved and copied in the background; 'hipaafs store status' shows how far that is.");
            });
            return ExitCode.Done;
        });
        return command;
    }

    // Through the mount, as whoever runs the command: the kernel says whether they may, and knows the directories at once. Outer ones come first.
    private static void MakeDirectories(string mountPoint, IReadOnlyList<string> paths, List<string> made)
    {
        foreach (string path in paths)
        {
            try
            {
                DirectoryInfo directory = Directory.CreateDirectory(mountPoint + path);
                if (!OperatingSystem.IsWindows())
                {
                    directory.UnixFileMode = (UnixFileMode)0x1ED; // 0755
                }

                made.Add(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CommandException(ExitCode.Failed, $"make the directory {path}: {error.Message}", "Make it yourself, then run the command again.", error);
            }
        }
    }

    private static Command CreateCheck(CommandRunner runner)
    {
        Argument<string> file = FileArgument();
        var command = new Command("check", "Reports everything that is wrong with a policy.") { file };
        runner.Handle(command, (parsed, output, _) =>
        {
            LoadedPolicy policy = PolicyFile.Load(parsed.GetRequiredValue(file), Today(runner));
            PolicyDocument document = policy.Document;
            var result = new PolicyCheckResult(
                policy.FileName,
                document.Stores.Count,
                document.Rules.Count,
                [.. policy.Warnings.Select(warning => warning.In(policy.FileName))]);
            output.Result(result, JsonOutput.Default.PolicyCheckResult, text => Describe(result, text));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Command CreateExplain(CommandRunner runner)
    {
        Argument<string> file = FileArgument();
        var path = new Argument<string>("PATH")
        {
            Description = "A path in the volume, from its root; it need not exist. One that ends with '/' is a directory.",
        };
        var command = new Command("explain", "Shows what a policy says of a path, and in which line.") { file, path };
        runner.Handle(command, (parsed, output, _) =>
        {
            LoadedPolicy policy = PolicyFile.Load(parsed.GetRequiredValue(file), Today(runner));
            PolicyExplainResult result = Explain(policy, parsed.GetRequiredValue(path));
            output.Result(result, JsonOutput.Default.PolicyExplainResult, text => Describe(result, text));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static PolicyExplainResult Explain(LoadedPolicy policy, string text)
    {
        string path = text.Length > 1 && text.EndsWith('/') ? text[..^1] : text;
        if (PolicyTexts.Directory(path, out _) is { } problem)
        {
            throw new CommandException(ExitCode.Usage, $"explain '{TerminalText.Escape(text)}': it {problem}", "Give the path as it is below the mount point, with '/' for the root.");
        }

        var resolver = new PolicyResolver(policy.Document);
        bool directory = path != text || resolver.IsDirectory(path);
        EffectivePolicy effective = directory ? resolver.ForDirectory(path) : resolver.ForFile(path);
        return new PolicyExplainResult(
            path,
            directory ? "directory" : "file",
            effective.Rule?.Path,
            Place(effective.Rule?.Place),
            effective.Pattern?.ToString(),
            Place(effective.Pattern?.Place),
            [.. effective.Entries.Where(entry => directory || entry.Field != PolicyFields.Files).Concat(effective.Limits).Select(ToLine)]);

        PolicyFieldLine ToLine(EffectiveEntry entry) => new(entry.Field.Key, entry.Text, entry.Origin.Text, Place(entry.Origin.Place));

        string? Place(PolicyPlace? place) => place is { } known ? $"{policy.FileName}:{known}" : null;
    }

    private static void Describe(PolicyExplainResult result, TextWriter text)
    {
        text.WriteLine($"{TerminalText.Escape(result.Path)} ({result.Kind})");
        text.WriteLine(result.Rule is null ? "rule     none, defaults hold" : $"rule     {result.Rule}  {result.RulePlace}");
        if (result.Pattern is not null)
        {
            text.WriteLine($"pattern  {result.Pattern}  {result.PatternPlace}");
        }

        text.WriteLine();
        int field = result.Fields.Max(line => line.Field.Length);
        int value = Math.Min(40, result.Fields.Max(line => line.Value.Length));
        foreach (PolicyFieldLine line in result.Fields)
        {
            string from = line.Place is null ? line.From : $"{line.Place} ({line.From})";
            text.WriteLine($"{line.Field.PadRight(field)}  {line.Value.PadRight(value)}  {from}");
        }
    }

    private static Argument<string> MountPointArgument() => new("MOUNTPOINT") { Description = "Where the volume is mounted." };

    private static Argument<string> FileArgument() => new("FILE") { Description = "The policy file." };

    private static DateOnly Today(CommandRunner runner) => DateOnly.FromDateTime(runner.Context.Time.GetUtcNow().UtcDateTime);

    private static void Describe(PolicyCheckResult result, TextWriter text)
    {
        foreach (string warning in result.Warnings)
        {
            text.WriteLine($"warning: {warning}");
        }

        text.WriteLine($"{result.File} is sound: {CountText.Format(result.Stores, "store")}, {CountText.Format(result.Rules, "rule")}.");
    }
}
