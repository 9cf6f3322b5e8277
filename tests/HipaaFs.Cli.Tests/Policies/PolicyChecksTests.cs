using Xunit;

namespace HipaaFs.Cli.Tests.Policies;

/// <summary>What the parts of a policy say of each other. The stores are those of <see cref="PolicyText.Stores"/>; what is added begins in line 11.</summary>
public sealed class PolicyChecksTests
{
    private const string Residency = "host: {region: eu-de}\nmetadata: {stores: [a]}\n";

    [Fact]
    public void Check_Example_NothingIsWrong()
    {
        Assert.Empty(PolicyText.Problems(PolicyText.Example()));
        Assert.Empty(PolicyText.Warnings(PolicyText.Example()));
    }

    [Fact]
    public void Check_SmallestPolicy_NothingIsWrong()
    {
        Assert.Empty(PolicyText.Problems(PolicyText.Sound));
    }

    [Theory]
    [InlineData("defaults: {placement: {primary: aa}}", "11:33: placement.primary: there is no store 'aa'; did you mean a?")]
    [InlineData("defaults: {placement: {primary: a, replicas: [{store: bb}]}}", "11:55: placement.replicas: there is no store 'bb'; did you mean b?")]
    [InlineData("defaults: {placement: {primary: a}, transitions: [{store: xyz, after: 1d}]}", "11:59: transitions: there is no store 'xyz'")]
    [InlineData("metadata: {stores: [a, q]}\ndefaults: {placement: {primary: a}}", "11:24: metadata.stores: there is no store 'q'; did you mean a?")]
    [InlineData("metadata: {stores: [a, a]}\ndefaults: {placement: {primary: a}}", "11:24: metadata.stores: a stands here twice")]
    [InlineData("recovery_classes: {gold: {rpo: 1m, rto: 1h}}\ndefaults: {placement: {primary: a}, recovery: golf}", "12:47: recovery: 'golf' is none of recovery_classes; did you mean gold?")]
    public void Check_NameThatNothingHas_IsRefused(string rest, string expected)
    {
        Assert.Equal([expected], PolicyText.Problems(PolicyText.With(rest)));
    }

    [Theory]
    [InlineData("", "1:1: defaults.placement.primary: missing; what no rule covers needs a store too")]
    [InlineData("defaults: {classification: public}", "11:1: defaults.placement.primary: missing; what no rule covers needs a store too")]
    [InlineData("rules: [{path: /a, placement: {primary: a}}]", "1:1: defaults.placement.primary: missing; what no rule covers needs a store too")]
    [InlineData("rules: [{path: /, placement: {primary: a}}]", null)]
    public void Check_PathThatNoRuleGivesAStore_IsRefused(string rest, string? expected)
    {
        Assert.Equal(expected is null ? [] : [expected], PolicyText.Problems(PolicyText.With(rest)));
    }

    [Theory]
    [InlineData("defaults: {placement: {primary: a, replicas: [{store: a}]}}", "11:55: placement.replicas: a is the primary of / too")]
    [InlineData("defaults: {placement: {primary: a, replicas: [{store: b}, {store: b}]}}", "11:67: placement.replicas: b stands here twice")]
    [InlineData(
        "defaults: {placement: {primary: a, replicas: [{store: b}]}}\nrules:\n  - {path: /x, placement: {primary: b}}\n  - {path: /x/y, domain: z}",
        "13:37: placement.primary: b is a replica of /x too (line 11)")]
    [InlineData(
        "defaults: {placement: {primary: a, replicas: [{store: b}]}}\nrules:\n  - {path: /x, files: [{match: ['*.gz'], placement: {primary: b}}]}",
        "13:63: placement.primary: b is a replica of *.gz in /x too (line 11)")]
    public void Check_PrimaryAmongItsReplicas_IsRefusedWhereTheDeeperIsSaid(string rest, string expected)
    {
        Assert.Equal([expected], PolicyText.Problems(PolicyText.With(rest)).Select(problem => problem.Replace(" of /x/y ", " of /x ", StringComparison.Ordinal)).Distinct());
    }

    [Theory]
    [InlineData("defaults: {placement: {primary: dir, tier: cool}}", "11:44: placement.tier: dir is a directory and has no tier cool, as / would need")]
    [InlineData("defaults: {placement: {primary: a, tier: cool}}\nrules:\n  - {path: /x, placement: {primary: dir}}", "13:37: placement.primary: dir is a directory and has no tier cool, as /x would need")]
    [InlineData("defaults: {placement: {primary: a, replicas: [{store: dir, tier: archive}]}}", "11:66: placement.replicas: dir is a directory and has no tier archive")]
    [InlineData("defaults: {placement: {primary: dir}, transitions: [{tier: archive, after: 1d}]}", "11:60: transitions: dir is a directory and has no tier archive, as / would need")]
    [InlineData("defaults: {placement: {primary: a}, transitions: [{tier: cold, after: 1d}, {store: dir, after: 2d}]}", "11:84: transitions: dir is a directory and has no tier cold, as / would need")]
    public void Check_TierThatAStoreDoesNotHave_IsRefused(string rest, string expected)
    {
        Assert.Equal([expected], PolicyText.Problems(PolicyText.With(rest)));
    }

    [Theory]
    [InlineData("[{tier: cool, after: 30d}, {tier: cold, after: 30d}]", "12:63: transitions.after: 30d is not later than the step before it, 30d")]
    [InlineData("[{tier: cool, after: 30d}, {tier: cold, after: 12h}]", "12:63: transitions.after: 12h is not later than the step before it, 30d")]
    [InlineData("[{tier: hot, after: 30d}]", "12:24: transitions.tier: hot is not colder than hot, where / is by then")]
    [InlineData("[{tier: cold, after: 30d}, {tier: cool, after: 60d}]", "12:50: transitions.tier: cool is not colder than cold, where / is by then")]
    [InlineData("[{tier: cold, after: 30d}, {tier: cool, store: b, after: 60d}]", "12:50: transitions.tier: cool is not colder than cold, where / is by then")]
    [InlineData("[{store: a, after: 30d}]", "12:25: transitions.tier: hot is not colder than hot, where / is by then")]
    [InlineData("[{store: b, after: 30d}, {tier: archive, after: 60d}]", null)]
    [InlineData("[{tier: cool, after: 30d}, {store: b, after: 60d}]", null)]
    public void Check_Transitions_MustGoDownInTheOrderOfAge(string transitions, string? expected)
    {
        string text = PolicyText.With("defaults:\n  transitions: " + transitions + "\n  placement: {primary: a}\n");

        Assert.Equal(expected is null ? [] : [expected], PolicyText.Problems(text));
    }

    [Fact]
    public void Check_TransitionWithinTheRestOfAnArchive_IsRefused()
    {
        string text = PolicyText.With("defaults:\n  transitions: [{store: b, after: 30m}]\n  placement: {primary: a, tier: archive}\n");

        Assert.Equal(["12:35: transitions.after: 30m is not later than the step before it, 1h"], PolicyText.Problems(text));
    }

    [Fact]
    public void Check_TransitionToAReplica_IsRefused()
    {
        string text = PolicyText.With("defaults:\n  transitions: [{store: b, after: 1d}]\n  placement: {primary: a, replicas: [{store: b}]}\n");

        Assert.Equal(["12:25: transitions.store: b has a replica of / already"], PolicyText.Problems(text));
    }

    [Theory]
    [InlineData("defaults: {placement: {primary: open}}", "11:33: placement.primary: open has no 'baa:', and / is phi (nothing says otherwise)")]
    [InlineData("defaults: {classification: limited, placement: {primary: open}}", "11:58: placement.primary: open has no 'baa:', and / is limited (line 11)")]
    [InlineData("defaults: {classification: deidentified, placement: {primary: open}}", null)]
    [InlineData("defaults: {classification: public, placement: {primary: open}}", null)]
    [InlineData("defaults: {placement: {primary: a, replicas: [{store: open}]}}", "11:55: placement.replicas: open has no 'baa:', and / is phi (nothing says otherwise)")]
    [InlineData("defaults: {placement: {primary: a}, transitions: [{store: open, after: 1d}]}", "11:59: transitions: open has no 'baa:', and / is phi (nothing says otherwise)")]
    [InlineData(
        "defaults: {classification: public, placement: {primary: open}}\nrules:\n  - {path: /x, classification: phi}\nmetadata: {stores: [a]}",
        "13:32: classification: /x is phi, and open has no 'baa:' (placement.primary, line 11)")]
    [InlineData(
        "defaults: {placement: {primary: a}}\nrules:\n  - {path: /x, files: [{match: ['*.vcf'], placement: {primary: open}}]}\n  - {path: /x/y, domain: d}",
        "13:64: placement.primary: open has no 'baa:', and *.vcf in /x is phi (nothing says otherwise)")]
    [InlineData(
        "defaults: {placement: {primary: a}}\nrules:\n  - {path: /x, classification: public, files: [{match: ['*.vcf'], placement: {primary: open}}]}\n  - {path: /x/y, classification: phi}",
        "14:34: classification: *.vcf in /x/y is phi, and open has no 'baa:' (placement.primary, line 13)")]
    [InlineData(
        "metadata: {stores: [open]}\ndefaults: {classification: public, placement: {primary: a}}\nrules:\n  - {path: /x, classification: limited}",
        "11:21: metadata.stores: open has no 'baa:' and would get the names of /x, which is limited (line 14)")]
    [InlineData(
        "defaults: {classification: public, placement: {primary: open}}\nrules:\n  - {path: /x, classification: limited, placement: {primary: a}}",
        "11:57: placement.primary: open has no 'baa:' and would get the names of /x, which is limited (line 13): without 'metadata: stores:' change stream and key ring go to the primary of /")]
    [InlineData(
        "defaults: {placement: {primary: a}, classification: phi}\nrules:\n  - {path: /, classification: public, placement: {primary: open}}\n  - {path: /x, classification: phi, placement: {primary: a}}",
        "13:60: placement.primary: open has no 'baa:' and would get the names of /x, which is phi (line 14): without 'metadata: stores:' change stream and key ring go to the primary of /")]
    [InlineData("metadata: {stores: [a]}\ndefaults: {classification: public, placement: {primary: open}}\nrules:\n  - {path: /x, classification: limited, placement: {primary: a}}", null)]
    [InlineData("metadata: 5\ndefaults: {classification: public, placement: {primary: open}}\nrules:\n  - {path: /x, classification: limited, placement: {primary: a}}", "11:11: metadata: expected 'key: value' lines")]
    public void Check_HealthInformationInAStoreWithoutAnAgreement_IsRefused(string rest, string? expected)
    {
        Assert.Equal(expected is null ? [] : [expected], PolicyText.Problems(PolicyText.With(rest)));
    }

    [Theory]
    [InlineData("{path: /x, regions: [eu-de], placement: {primary: b}}", "15:55: placement.primary: b is in eu-nl; /x may be in eu-de (line 15)")]
    [InlineData("{path: /x, regions: [eu-de], placement: {replicas: [{store: b}]}}", "15:65: placement.replicas: b is in eu-nl; /x may be in eu-de (line 15)")]
    [InlineData("{path: /x, regions: [eu-de], transitions: [{store: b, after: 1d}]}", "15:56: transitions: b is in eu-nl; /x may be in eu-de (line 15)")]
    [InlineData("{path: /x, regions: [eu-de], files: [{match: ['*'], placement: {primary: b}}]}", "15:78: placement.primary: b is in eu-nl; * in /x may be in eu-de (line 15)")]
    [InlineData("{path: /x, regions: [eu-de, eu-nl], placement: {primary: b}}", null)]
    public void Check_StoreOutsideTheRegions_IsRefused(string rule, string? expected)
    {
        string text = PolicyText.With(Residency + "defaults: {placement: {primary: a}}\nrules:\n  - " + rule);

        Assert.Equal(expected is null ? [] : [expected], PolicyText.Problems(text));
    }

    [Fact]
    public void Check_RegionsThatExcludeAnInheritedStore_AreRefusedWhereTheyAreSaid()
    {
        string text = PolicyText.With("defaults: {placement: {primary: b}}\nhost: {region: eu-de}\nmetadata: {stores: [a]}\nrules:\n  - {path: /x, regions: [eu-de]}");

        Assert.Equal(["15:25: regions: /x may be in eu-de, and b is in eu-nl (placement.primary, line 11)"], PolicyText.Problems(text));
    }

    [Fact]
    public void Check_RegionsWithoutHostAndMetadata_AskForThem()
    {
        Assert.Equal(
            [
                "13:24: regions: needs 'host: region:', where staging and cache are",
                "13:24: regions: needs 'metadata: stores:', where change stream and key ring go",
            ],
            PolicyText.Problems(PolicyText.With("defaults: {placement: {primary: a}}\nrules:\n  - {path: /, regions: [eu-de]}")));
    }

    [Fact]
    public void Check_HostOutsideTheRegions_IsRefused()
    {
        string text = PolicyText.With("host: {region: us-east}\nmetadata: {stores: [a]}\ndefaults: {regions: [eu-de, eu-nl], placement: {primary: a}}");

        Assert.Equal(
            ["11:16: host.region: staging and cache are in us-east; / may be in eu-de; eu-nl (line 13). eu-de or eu-nl would do for all"],
            PolicyText.Problems(text));
    }

    [Fact]
    public void Check_MetadataOutsideTheRegions_ProposesARegionForAll()
    {
        string text = PolicyText.With("host: {region: eu-de}\nmetadata: {stores: [a, b]}\ndefaults: {placement: {primary: a}}\nrules:\n  - {path: /x, regions: [eu-nl, eu-de]}\n  - {path: /x/y, regions: [eu-de]}\n");

        Assert.Equal(
            ["12:24: metadata.stores: b is in eu-nl; the names of /x/y may be in eu-de (line 16). eu-de would do for all"],
            PolicyText.Problems(text));
    }

    [Fact]
    public void Check_RegionsThatExcludeEachOther_ProposesSeparateVolumes()
    {
        string text = PolicyText.With(
            Residency + "defaults: {placement: {primary: a}, classification: public}\nrules:\n  - {path: /eu, regions: [eu-de]}\n  - {path: /eu/x, domain: x}\n  - {path: /us, regions: [us-east, us-west], placement: {primary: open}}\n");
        const string proposal = "No region would do for all: make a volume for each of /eu, /eu/x (in eu-de); /us (in us-east or us-west)";

        Assert.Equal(
            [
                $"11:16: host.region: staging and cache are in eu-de; /us may be in us-east; us-west (line 17). {proposal}",
                $"12:21: metadata.stores: a is in eu-de; the names of /us may be in us-east; us-west (line 17). {proposal}",
            ],
            PolicyText.Problems(text));
    }

    [Fact]
    public void Check_RegionsBelowThatAreMore_AreRefused()
    {
        string text = PolicyText.With(
            Residency + "defaults: {regions: [eu-de, eu-nl], placement: {primary: a}}\nrules:\n  - {path: /x, regions: [eu-de]}\n  - {path: /x/y/z, regions: [eu-de, eu-nl]}\n  - {path: /v, regions: [eu-de, eu-fr]}\n");

        Assert.Equal(
            [
                "16:37: regions: eu-nl is not among those of rule /x, eu-de (line 15); below it there can only be fewer",
                "17:33: regions: eu-fr is not among those of defaults, eu-de; eu-nl (line 13); below it there can only be fewer",
            ],
            PolicyText.Problems(text));
    }

    [Theory]
    [InlineData("defaults: {placement: {primary: dir}, retention: {mode: compliance, period: 1y}}", "11:33: placement.primary: dir is a directory and cannot lock objects; / has a compliance retention (line 11)")]
    [InlineData("defaults: {placement: {primary: dir}, retention: {mode: governance, period: 1y}}", null)]
    [InlineData(
        "defaults: {placement: {primary: dir}}\nrules:\n  - {path: /x, retention: {mode: compliance, period: 1y}}",
        "13:27: retention: /x is to be locked, and dir is a directory, which cannot lock objects (placement.primary, line 11)")]
    public void Check_ComplianceRetentionInADirectoryStore_IsRefused(string rest, string? expected)
    {
        Assert.Equal(expected is null ? [] : [expected], PolicyText.Problems(PolicyText.With(rest)));
    }

    [Fact]
    public void Check_MoreThan64Stores_IsRefused()
    {
        string stores = string.Concat(Enumerable.Range(0, 66).Select(number => $"  s{number}: {{url: \"s3://bucket-{number}\", region: eu, baa: contract}}\n"));

        Assert.Equal(
            ["67:3: stores: more than 64 stores"],
            PolicyText.Problems($"version: 1\nstores:\n{stores}defaults: {{placement: {{primary: s0}}}}\n"));
    }

    [Theory]
    [InlineData("s3://bucket-a")]
    [InlineData("s3://bucket-a?region=eu-north-1")]
    [InlineData("s3://bucket-a/?endpoint=https://s3.eu-central-1.amazonaws.com&profile=other")]
    public void Check_TwoStoresInOnePlace_AreRefused(string url)
    {
        string text = PolicyText.Sound.Replace("s3://bucket-open", url, StringComparison.Ordinal);

        Assert.Equal(["9:3: stores.open: is the same place as a"], PolicyText.Problems(text));
    }

    [Fact]
    public void Check_PricesWithoutACurrency_AreRefused()
    {
        string text = PolicyText.Sound.Replace("baa: our own", "baa: our own, prices: {egress: 0.1}", StringComparison.Ordinal);

        Assert.Equal(["8:70: stores.dir.prices: need a currency; add a line such as 'currency: EUR'"], PolicyText.Problems(text));
    }

    [Fact]
    public void Check_BudgetOfAStoreWithoutPrices_IsRefused()
    {
        string text = PolicyText.Sound.Replace("baa: our own", "baa: our own, budget: {day: {money: 5}}", StringComparison.Ordinal);

        Assert.Equal(["8:84: stores.dir.budget: money cannot be counted, the store is without 'prices:'"], PolicyText.Problems(text));
    }

    [Fact]
    public void Check_BudgetOfADirectoryWithoutPrices_IsRefused()
    {
        Assert.Equal(
            ["14:48: budget: money cannot be counted, every store is without 'prices:'"],
            PolicyText.Problems(PolicyText.Sound + "rules:\n  - {path: /x, budget: {day: {bytes: 1, money: 5}}}"));
    }

    [Fact]
    public void Check_WhatCouldNotBeRead_LeadsToNoOtherProblem()
    {
        string text = PolicyText.With(
            """
            currency: [EUR]
            host: {region: [x]}
            metadata: {stores: 5}
            defaults: {placement: {primary: open}, classification: what}
            rules:
              - {path: /x, regions: [eu-de, 7], placement: {primary: [open]}}
            """);

        Assert.Equal(
            ["11:11", "12:16", "13:20", "14:56", "16:33", "16:58"],
            PolicyText.Problems(text).Select(problem => problem.Split(": ")[0]));
    }

    [Theory]
    [InlineData("defaults: {placement: {primary: b}}", new[] { "4:3: stores.a: nothing goes there" })]
    [InlineData("defaults: {placement: {primary: b}, consent_expires: 2026-10-31}", new[] { "4:3: stores.a: nothing goes there", "15:54: consent_expires: 2026-10-31 is over" })]
    [InlineData("defaults: {placement: {primary: a}, consent_expires: 2026-11-01}", new string[0])]
    [InlineData("defaults: {placement: {primary: a}, retention: {mode: governance, until: 2026-10-31}}", new[] { "15:74: retention.until: 2026-10-31 is over" })]
    [InlineData(
        "defaults: {placement: {primary: a}, consent_expires: 2030-01-01, retention: {mode: governance, until: 2031-01-01}}",
        new[] { "15:54: consent_expires: what is retained until 2031-01-01 (line 15) cannot be deleted on 2030-01-01" })]
    [InlineData(
        "defaults: {placement: {primary: a}, transitions: [{tier: cool, after: 1d}, {tier: archive, after: 20d}]}",
        new[] { "15:99: transitions.after: leaves cool of a after 19d, and 30 days are charged at least" })]
    [InlineData("defaults: {placement: {primary: a}, transitions: [{tier: cool, after: 1d}, {tier: archive, after: 20d, since: read}]}", new string[0])]
    [InlineData(
        "defaults: {placement: {primary: a}, retention: {mode: governance, period: 90d}, transitions: [{tier: archive, after: 1d}]}",
        new[] { "15:48: retention: what may be deleted after 90d can be in archive of a for less than the 180 days that are charged" })]
    [InlineData("defaults: {placement: {primary: a}, retention: {mode: governance, period: 1y}, transitions: [{tier: archive, after: 1d}]}", new string[0])]
    public void Check_WhatIsHardlyMeant_IsAWarning(string defaults, string[] expected)
    {
        string text =
            """
            version: 1
            currency: EUR
            stores:
              a:
                url: "s3://bucket-a"
                region: eu-de
                baa: contract
                prices:
                  minimum_days: {cool: 30, archive: 180}
              b:
                url: "s3://bucket-b"
                region: eu-de
                baa: contract
            metadata: {stores: [b]}

            """ + defaults;

        Assert.Equal(expected, PolicyText.Warnings(text));
    }
}
