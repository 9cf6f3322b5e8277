using System.CommandLine;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Policies;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs policy</c>: checks a policy file and says what it means.</summary>
internal static class PolicyCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("policy", "Checks and explains a policy file; nothing of it is enforced yet.")
    {
        CreateCheck(runner),
        CreateExplain(runner),
    };

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

    private static Argument<string> FileArgument() => new("FILE") { Description = "The policy file." };

    private static DateOnly Today(CommandRunner runner) => DateOnly.FromDateTime(runner.Context.Time.GetUtcNow().UtcDateTime);

    private static void Describe(PolicyCheckResult result, TextWriter text)
    {
        foreach (string warning in result.Warnings)
        {
            text.WriteLine($"warning: {warning}");
        }

        text.WriteLine($"{result.File} is sound: {Count(result.Stores, "store")}, {Count(result.Rules, "rule")}.");
    }

    private static string Count(int number, string word) => number == 1 ? $"1 {word}" : $"{number} {word}s";
}
