using System.CommandLine;
using System.Text.Json;
using HipaaFs.Cli.Commands;
using Xunit;

namespace HipaaFs.Cli.Tests.Commands;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("nonsense")]
    [InlineData("mount")]
    [InlineData("mount", "a")]
    [InlineData("mount", "a", "b", "c")]
    [InlineData("mount", "a", "b", "--bogus")]
    [InlineData("mount", "a", "b", "-o", "bogus")]
    [InlineData("mount", "a", "b", "-o")]
    [InlineData("umount")]
    [InlineData("umount", "--noww")]
    [InlineData("init")]
    [InlineData("init", "v")]
    [InlineData("init", "v", "--recovery-key", "f", "--no-recovery-key")]
    [InlineData("init", "v", "--no-recovery-key", "--store", "ftp://x")]
    [InlineData("init", "v", "--no-recovery-key", "--store", "file://relative/path?x=1")]
    [InlineData("init", "v", "--no-recovery-key", "--key", "nonsense")]
    [InlineData("init", "v", "--no-recovery-key", "--key", "file:k", "--new-key", "k")]
    [InlineData("init", "v", "--no-recovery-key", "--key", "passphrase:secret")]
    [InlineData("init", "v", "--no-recovery-key", "--key", "awskms:arn")]
    [InlineData("fsck")]
    [InlineData("restore", "v")]
    [InlineData("restore", "v", "--store", "file:///x")]
    [InlineData("restore", "v", "--store", "nothing", "--key", "file:k")]
    [InlineData("restore", "v", "--store", "file:///x", "--key", "file:k", "--at-least", "minus")]
    [InlineData("key")]
    [InlineData("key", "add-wrap", "v")]
    [InlineData("config")]
    [InlineData("config", "check")]
    [InlineData("policy")]
    [InlineData("policy", "check")]
    [InlineData("policy", "explain", "file")]
    [InlineData("completion", "tcsh")]
    [InlineData("--bogus")]
    [InlineData()]
    public async Task Run_CommandLineThatIsWrong_IsUsage(params string[] arguments)
    {
        CommandLineRun run = await CommandLineRun.OfAsync(arguments);

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Empty(run.Output);
        Assert.StartsWith("hipaafs: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void KeyHolders_HaveEveryCommandThatTakesAKey()
    {
        RootCommand root = CommandTree.Build(new CommandRunner(new CommandContext { Out = TextWriter.Null, Error = TextWriter.Null }));

        Assert.Equal(root.Subcommands.Where(TakesAKey).Select(static command => command.Name).Order(), CommandTree.KeyHolders.Order());

        static bool TakesAKey(Command command) =>
            command.Options.Any(static option => option.HelpName == "KEYREF") || command.Subcommands.Any(TakesAKey);
    }

    [Theory]
    [InlineData("mount", "/nonexistent/volume", "/tmp")]
    [InlineData("config", "check", "/nonexistent/volume")]
    [InlineData("policy", "check", "/nonexistent/policy.yaml")]
    [InlineData("fsck", "/nonexistent/volume")]
    [InlineData("key", "list", "/nonexistent/volume")]
    [InlineData("umount", "/tmp")]
    [InlineData("umount", "/nonexistent")]
    [InlineData("sync", "/tmp")]
    [InlineData("status", "/nonexistent")]
    public async Task Run_NothingThere_IsNotFound(params string[] arguments)
    {
        CommandLineRun run = await CommandLineRun.OfAsync(arguments);

        Assert.Equal(ExitCode.NotFound, run.Code);
        Assert.Equal(2, run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Run_FailureWithJson_IsOneEnvelopeOnStandardOutput()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("mount", "a", "b", "-o", "first,second", "--json");

        Assert.Empty(run.Error);
        Assert.Equal(1, run.Json.GetProperty("schema").GetInt32());
        Assert.False(run.Json.GetProperty("ok").GetBoolean());
        JsonElement error = run.Json.GetProperty("error");
        Assert.Equal("usage", error.GetProperty("code").GetString());
        Assert.Equal(2, error.GetProperty("exitCode").GetInt32());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.NotEmpty(error.GetProperty("action").GetString()!);
        Assert.Equal(2, error.GetProperty("problems").GetArrayLength());
    }

    [Fact]
    public async Task Run_ParseErrorWithJson_IsAnEnvelopeToo()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("--json", "mount");

        Assert.Equal("usage", run.Json.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Version_Json_CarriesTheVersion()
    {
        CommandLineRun plain = await CommandLineRun.OfAsync("--version");
        CommandLineRun json = await CommandLineRun.OfAsync("--version", "--json");

        string version = json.Json.GetProperty("result").GetProperty("version").GetString()!;
        Assert.Equal($"hipaafs {version}", plain.Output.Trim());
        Assert.Matches(@"^\d+\.\d+\.\d+", version);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("mount", "--help")]
    [InlineData("key", "add-wrap", "--help")]
    public async Task Help_OfAnyCommand_IsDone(params string[] arguments)
    {
        CommandLineRun run = await CommandLineRun.OfAsync(arguments);

        Assert.Equal(ExitCode.Done, run.Code);
        Assert.Contains("Usage:", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--report-fd", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bash", "complete -o")]
    [InlineData("zsh", "#compdef hipaafs")]
    [InlineData("fish", "complete -c hipaafs")]
    public async Task Completion_OfAShell_PrintsAScript(string shell, string expected)
    {
        CommandLineRun run = await CommandLineRun.OfAsync("completion", shell);

        Assert.Equal(ExitCode.Done, run.Code);
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Suggest_AfterACommand_OffersItsOptions()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("[suggest:15]", "hipaafs umount -");

        Assert.Contains("--now", run.Output, StringComparison.Ordinal);
    }
}
