using System.Text.Json;
using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

/// <summary>The commands as a user runs them.</summary>
public sealed class PolicyCommandTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hipaafs-policy-");

    private string PolicyPath => Path.Combine(_directory.FullName, "policy.yaml");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Check_SoundPolicy_IsDone()
    {
        await File.WriteAllTextAsync(PolicyPath, PolicyText.Example());

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "check", PolicyPath);

        Assert.Equal(ExitCode.Done, run.Code);
        Assert.Equal("policy.yaml is sound: 4 stores, 4 rules.\n", run.Output);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Check_SoundPolicyWithJson_IsOneObject()
    {
        await File.WriteAllTextAsync(PolicyPath, PolicyText.Sound);

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "check", PolicyPath, "--json");

        Assert.Equal(ExitCode.Done, run.Code);
        JsonElement result = run.Json.GetProperty("result");
        Assert.Equal(4, result.GetProperty("stores").GetInt32());
        Assert.Equal(0, result.GetProperty("rules").GetInt32());
        Assert.Equal("policy.yaml:7:3: stores.b: nothing goes there", result.GetProperty("warnings")[0].GetString());
    }

    [Fact]
    public async Task Check_FaultyPolicy_ListsAllWithLineAndColumn()
    {
        await File.WriteAllTextAsync(PolicyPath, PolicyText.With("currancy: EUR\ndefaults:\n  placement: {primary: open}\n"));

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "check", PolicyPath);

        Assert.Equal(ExitCode.Configuration, run.Code);
        Assert.Empty(run.Output);
        Assert.Equal(
            $"""
            hipaafs: read the policy {PolicyPath}: 2 problems
              policy.yaml:11:1: currancy: no such setting; did you mean currency?
              policy.yaml:13:24: placement.primary: open has no 'baa:', and / is phi (nothing says otherwise)
              Correct what is listed; docs/policy.md explains every field.

            """,
            run.Error);
    }

    [Fact]
    public async Task Check_FaultyPolicyWithJson_HasTheProblems()
    {
        await File.WriteAllTextAsync(PolicyPath, "version: 1\n");

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "check", PolicyPath, "--json");

        Assert.Equal(ExitCode.Configuration, run.Code);
        Assert.Empty(run.Error);
        JsonElement error = run.Json.GetProperty("error");
        Assert.Equal(3, error.GetProperty("exitCode").GetInt32());
        Assert.Equal("policy.yaml:1:1: stores: missing", error.GetProperty("problems")[1].GetString());
    }

    [Fact]
    public async Task Check_NoFile_IsNotFound()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("policy", "check", PolicyPath);

        Assert.Equal(ExitCode.NotFound, run.Code);
    }

    [Fact]
    public async Task Check_Directory_IsConfiguration()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("policy", "check", _directory.FullName);

        Assert.Equal(ExitCode.Configuration, run.Code);
        Assert.Single(run.Error.Split('\n'), line => line.StartsWith("hipaafs: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_FileOfFiveMegabytes_IsRefusedUnread()
    {
        await using (FileStream file = File.Create(PolicyPath))
        {
            file.SetLength(5 << 20);
        }

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "check", PolicyPath);

        Assert.Equal(ExitCode.Configuration, run.Code);
        Assert.Contains("more than 4 MiB", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version: 7\n", 11)]
    [InlineData("\0", 3)]
    public async Task Check_TextThatIsNoPolicyOfThisVersion_FailsWithItsCode(string text, int code)
    {
        await File.WriteAllTextAsync(PolicyPath, text);

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "check", PolicyPath);

        Assert.Equal(code, (int)run.Code);
    }
}
