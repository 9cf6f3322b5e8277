using System.CommandLine;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Policies;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs policy</c>: checks a policy file.</summary>
internal static class PolicyCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("policy", "Checks a policy file; nothing of it is enforced yet.")
    {
        CreateCheck(runner),
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
