using HipaaFs.Cli.Policies;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

public sealed class PolicyResolverTests
{
    private static readonly PolicyDocument Example = PolicyText.Read(PolicyText.Example());
    private static readonly PolicyResolver Resolver = new(Example);

    [Theory]
    [InlineData("/", null)]
    [InlineData("/elsewhere", null)]
    [InlineData("/genomes", "/genomes")]
    [InlineData("/genomes/other", "/genomes")]
    [InlineData("/genomes/patients", "/genomes/patients")]
    [InlineData("/genomes/patients2", "/genomes")]
    [InlineData("/genomes/patients/raw/run1/lane2", "/genomes/patients/raw")]
    public void ForDirectory_Path_TheLongestRuleWins(string path, string? rule)
    {
        Assert.Equal(rule, Resolver.ForDirectory(path).Rule?.Path);
    }

    [Fact]
    public void ForDirectory_FieldThatTheRuleDoesNotSay_IsInherited()
    {
        EffectivePolicy raw = Resolver.ForDirectory("/genomes/patients/raw");

        Assert.Equal("genomes", raw.Domain);
        Assert.Equal("rule /genomes", raw[PolicyFields.Domain].Origin.Text);
        Assert.Equal("ceph-a", raw.Primary);
        Assert.Equal("defaults", raw[PolicyFields.Primary].Origin.Text);
        Assert.Equal(["eu-de"], raw.Regions!.Select(region => region.Value));
        Assert.Equal(StorageTier.Hot, raw.Tier);
        Assert.Null(raw[PolicyFields.Tier].Origin.Place);
        Assert.Null(raw.Retention);
        Assert.NotNull(Resolver.ForDirectory("/genomes/patients").Retention);
    }

    [Fact]
    public void ForFile_NameThatAPatternMatches_TakesWhatItSays()
    {
        EffectivePolicy file = Resolver.ForFile("/genomes/patients/raw/run1/s_R1.fq.gz");

        Assert.Equal("*.fastq.gz, *_R[12].fq.gz", file.Pattern!.ToString());
        Assert.Empty(file.Replicas);
        Assert.Equal(StorageTier.Archive, Assert.Single(file.Transitions).Value.Tier!.Value.Value);
        Assert.Equal("*.fastq.gz, *_R[12].fq.gz in rule /genomes/patients/raw", file[PolicyFields.Transitions].Origin.Text);
        Assert.Equal("ceph-a", file.Primary);
    }

    [Fact]
    public void ForFile_NameThatNoPatternMatches_IsAsItsDirectory()
    {
        EffectivePolicy file = Resolver.ForFile("/genomes/patients/raw/run1/report.txt");

        Assert.Null(file.Pattern);
        Assert.Equal("ceph-b", Assert.Single(file.Replicas).Value.Store.Value);
        Assert.Empty(file.Transitions);
    }

    [Fact]
    public void ForFile_InTheRoot_IsAsTheRoot()
    {
        Assert.Null(Resolver.ForFile("/file").Rule);
        Assert.Equal("ceph-a", Resolver.ForFile("/file").Primary);
    }

    [Fact]
    public void ForFile_ListOfPatternsBelow_ReplacesTheOneAbove()
    {
        var resolver = new PolicyResolver(PolicyText.Read(PolicyText.Sound +
            """
            rules:
              - path: /x
                files:
                  - {match: ["*.a"], cost_class: first}
                  - {match: ["*"], cost_class: second}
              - path: /x/y
                cost_class: third
              - path: /x/z
                files: []
            """));

        Assert.Equal("first", resolver.ForFile("/x/f.a").Get(PolicyFields.CostClass));
        Assert.Equal("second", resolver.ForFile("/x/f.b").Get(PolicyFields.CostClass));
        Assert.Equal("first", resolver.ForFile("/x/y/f.a").Get(PolicyFields.CostClass));
        Assert.Equal("third", resolver.ForDirectory("/x/y").Get(PolicyFields.CostClass));
        Assert.Null(resolver.ForFile("/x/z/f.a").Get(PolicyFields.CostClass));
    }

    [Fact]
    public void ForDirectory_Quotas_AllCount()
    {
        var resolver = new PolicyResolver(PolicyText.Read(PolicyText.Sound +
            """
            rules:
              - {path: /x, quota: {bytes: 1TiB, users: {"1000": {files: 5}}}}
              - {path: /x/y, quota: {files: 10}, budget: {month: {requests: 7}, stop: [recall, replication]}}
            """));

        Assert.Equal(
            ["quota: 10 files (rule /x/y)", "quota: 1TiB; 1000 5 files (rule /x)", "budget: 7 requests a month; stops recall, replication (rule /x/y)"],
            resolver.ForDirectory("/x/y/z").Limits.Select(limit => $"{limit.Field.Key}: {limit.Text} ({limit.Origin.Text})"));
        Assert.Empty(resolver.ForDirectory("/").Limits);
    }

    [Fact]
    public void All_Example_IsTheRootTheRulesAndTheirPatterns()
    {
        Assert.Equal(
            [
                "/", "/genomes", "/genomes/patients", "/genomes/research", "/genomes/patients/raw",
                "*.fastq.gz, *_R[12].fq.gz in /genomes/patients/raw",
            ],
            Resolver.All().Select(policy => policy.Name));
    }

    [Fact]
    public void IsDirectory_WhatRulesSay_IsKnown()
    {
        Assert.True(Resolver.IsDirectory("/"));
        Assert.True(Resolver.IsDirectory("/genomes/patients"));
        Assert.False(Resolver.IsDirectory("/genomes/pat"));
        Assert.False(Resolver.IsDirectory("/genomes/patients/raw/x"));
    }
}
