using System.Text.Json;
using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

/// <summary>The commands as a user runs them.</summary>
public sealed class PolicyCommandTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hipaafs-policy-");

    private static readonly string Layered = PolicyText.With(
        """
        defaults: {placement: {primary: a}}
        rules:
          - path: /data
            quota: {bytes: 1TiB, files: 100}
            retention: {mode: governance, period: 10y, grace: 1d}
          - path: /data/raw
            archive: {on_open: recall}
            files:
              - match: ["*.gz", "*.bz2"]
                placement: {replicas: []}
                transitions: [{tier: cool, after: 1d}]
        """);

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

    [Fact]
    public async Task Explain_FileThatAPatternMatches_ShowsEachFieldWithItsLine()
    {
        await File.WriteAllTextAsync(PolicyPath, Layered);

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "explain", PolicyPath, "/data/raw/run1/s.gz");

        Assert.Equal(ExitCode.Done, run.Code);
        Assert.Equal(
            """
            /data/raw/run1/s.gz (file)
            rule     /data/raw  policy.yaml:16:11
            pattern  *.gz, *.bz2  policy.yaml:19:9

            classification            phi                                 default
            domain                    the volume's own                    default
            regions                   all                                 default
            retention                 governance for 10y, grace 1d        policy.yaml:15:16 (rule /data)
            placement.primary         a                                   policy.yaml:11:33 (defaults)
            placement.tier            hot                                 default
            placement.replicas        none                                policy.yaml:20:31 (*.gz, *.bz2 in rule /data/raw)
            transitions               cool after 1d since the last write  policy.yaml:21:22 (*.gz, *.bz2 in rule /data/raw)
            cost_class                none                                default
            archive.on_open           recall                              policy.yaml:17:24 (rule /data/raw)
            archive.keep_head         none                                default
            archive.blocked_programs  none                                default
            durability                local                               default
            recovery                  none                                default
            consent_expires           none                                default
            quota                     1TiB, 100 files                     policy.yaml:14:12 (rule /data)

            """,
            run.Output);
    }

    [Theory]
    [InlineData("/data/raw/s.gz", "file", "/data/raw", "*.gz, *.bz2")]
    [InlineData("/data/raw/s.gz/", "directory", "/data/raw", null)]
    [InlineData("/data/raw", "directory", "/data/raw", null)]
    [InlineData("/data/raw/", "directory", "/data/raw", null)]
    [InlineData("/data/s.gz", "file", "/data", null)]
    [InlineData("/data", "directory", "/data", null)]
    [InlineData("/database", "file", null, null)]
    [InlineData("/", "directory", null, null)]
    public async Task Explain_Path_NamesRuleAndPattern(string path, string kind, string? rule, string? pattern)
    {
        await File.WriteAllTextAsync(PolicyPath, Layered);

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "explain", PolicyPath, path, "--json");

        Assert.Equal(ExitCode.Done, run.Code);
        JsonElement result = run.Json.GetProperty("result");
        Assert.Equal(path.Length > 1 ? path.TrimEnd('/') : path, result.GetProperty("path").GetString());
        Assert.Equal(kind, result.GetProperty("kind").GetString());
        Assert.Equal(rule, result.TryGetProperty("rule", out JsonElement named) ? named.GetString() : null);
        Assert.Equal(pattern, result.TryGetProperty("pattern", out JsonElement match) ? match.GetString() : null);
        JsonElement primary = result.GetProperty("fields").EnumerateArray().Single(field => field.GetProperty("field").GetString() == "placement.primary");
        Assert.Equal("a", primary.GetProperty("value").GetString());
        Assert.Equal("defaults", primary.GetProperty("from").GetString());
        Assert.Equal("policy.yaml:11:33", primary.GetProperty("place").GetString());
    }

    [Theory]
    [InlineData("relative")]
    [InlineData("/a//b")]
    [InlineData("/a/../b")]
    [InlineData("/\u001b[2J")]
    [InlineData("")]
    public async Task Explain_WhatIsNoPath_IsUsage(string path)
    {
        await File.WriteAllTextAsync(PolicyPath, Layered);

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "explain", PolicyPath, path);

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.DoesNotContain('\u001b', run.Error);
    }

    [Fact]
    public async Task Explain_FaultyPolicy_ListsTheProblems()
    {
        await File.WriteAllTextAsync(PolicyPath, "version: 1\n");

        CommandLineRun run = await CommandLineRun.OfAsync("policy", "explain", PolicyPath, "/");

        Assert.Equal(ExitCode.Configuration, run.Code);
        Assert.Contains("policy.yaml:1:1: stores: missing", run.Error, StringComparison.Ordinal);
    }
}
