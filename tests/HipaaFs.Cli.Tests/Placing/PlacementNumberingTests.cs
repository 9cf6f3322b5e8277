using HipaaFs.Archives;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Policies;
using HipaaFs.Cli.Tests.Policies;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Transitions;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

/// <summary>Which numbers the placements of a policy get. The stores are 0 (a), 1 (b), 2 (c) and 3 (bare), which has no agreement.</summary>
public sealed class PlacementNumberingTests
{
    private const string Stores =
        """
        version: 1
        host: {region: eu}
        metadata: {stores: [a]}
        stores:
          a: {url: "file:///a", region: eu, baa: ours}
          b: {url: "s3://bucket-b", region: eu, baa: ours}
          c: {url: "s3://bucket-c", region: eu, baa: ours}
          bare: {url: "file:///bare", region: eu}

        """;

    // Two steps down, replicas stay.
    private const string Ageing =
        """
        defaults: {placement: {primary: a}}
        rules:
          - path: /x
            classification: deidentified
            files:
              - match: ["*.gz"]
                placement: {replicas: [{store: c, mode: sync}]}
                transitions:
                  - {store: b, after: 1d, min_size: 7}
                  - {store: bare, after: 30d, since: read}
        """;

    private static readonly string[] Names = ["a", "b", "c", "bare"];

    private static readonly Placement Own = new();

    [Fact]
    public void Number_StoresOfThePrimaryAlone_IsTheVolumesOwn()
    {
        PlacementNumbering numbering = Number("defaults: {placement: {primary: a}}\nrules: [{path: /x, domain: d}]", [Own], [0, 0]);

        Assert.Equal((0u, false), Of(numbering, 0));
        Assert.Equal((0u, false), Of(numbering, 1));
        Assert.Single(numbering.All);
    }

    [Fact]
    public void Number_NewPlacements_FollowOneAnotherEachOnce()
    {
        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: b}}\nrules: [{path: /x, placement: {replicas: [{store: c, mode: sync}]}}, {path: /y, placement: {primary: b}}]", [Own], [0, 0, null]);

        Assert.Equal((1u, true), Of(numbering, 0));
        Assert.Equal((2u, true), Of(numbering, 1));
        Assert.Equal((1u, true), Of(numbering, 2));
        Assert.Equal([1u, 2u], numbering.All.Select(static one => one.Placement.Number));
        Assert.Equal([2], numbering.Of(1, -1).Placement.Sync);
    }

    [Fact]
    public void Number_Again_ChangesNothing()
    {
        const string policy =
            """
            defaults: {placement: {primary: b}, regions: [eu]}
            rules:
              - path: /x
                files:
                  - {match: ["*.bam"], placement: {primary: c}}
                  - {match: ["*.txt"], cost_class: t}
                  - {match: ["*.gz"], placement: {primary: a}}
                  - {match: ["*"], cost_class: u}
            """;
        PlacementNumbering first = Number(policy, [Own], [0, 0]);
        Placement[] known = [Own, .. first.All.Select(static one => one.Placement)];
        uint root = first.Of(0, -1).Placement.Number;
        uint x = first.Of(1, -1).Placement.Number;

        PlacementNumbering again = Number(policy, known, [root, x]);

        Assert.DoesNotContain(again.All, static one => one.IsChange);
        Assert.Equal(x, again.Of(1, -1).Placement.Number);
        Assert.Equal(["*.bam", "*.txt", "*.gz"], again.Of(1, -1).Placement.Patterns.Select(static pattern => pattern.Match.Single())); // The last leads nowhere else.
        Assert.Equal(x, again.Of(1, 3).Placement.Number);
        Assert.Equal(root, again.Of(1, 1).Placement.Number); // The stores of the directory, but none of its patterns.
        Assert.Equal([2, 1, 0], Enumerable.Range(0, 3).Select(pattern => again.Of(1, pattern).Placement.Primary));
        Assert.All(again.All, static one => Assert.Equal("eu", one.Placement.Border));
    }

    [Fact]
    public void Number_OtherStores_RedefinesWhatOnlyThisDirectoryHas()
    {
        Placement[] known = [Own, new Placement { Number = 1, Primary = 1 }, new Placement { Number = 2, Primary = 1, Sync = [2] }];

        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: b}}\nrules: [{path: /x, placement: {replicas: [{store: c, mode: async}]}}]", known, [1, 2], (new SurveyKey(1, -1, 2), 5));

        Assert.Equal((1u, false), Of(numbering, 0));
        Assert.Equal((2u, true), Of(numbering, 1));
        Assert.Equal([2], numbering.Of(1, -1).Placement.Async);
    }

    [Fact]
    public void Number_WindowsOfAReplica_AreThoseOfItsStore()
    {
        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {replicas: [{store: c, mode: async, windows: [\"mon-fri 19:00-07:00\"]}, {store: b, mode: async}]}}]", [Own], [0, 0]);

        Placement placed = numbering.Of(1, -1).Placement;
        Assert.Equal(["mon-fri 19:00-07:00"], Assert.Single(placed.Windows, static windows => windows.Key == 2).Value);
        Assert.Empty(numbering.Of(0, -1).Placement.Windows);
        Assert.Equal([3], PlacementChange.Replace(placed, 2, 3).Windows.Keys);
    }

    [Fact]
    public void Number_Transitions_LeadToPlacementsOfTheirOwn()
    {
        PlacementNumbering numbering = Number(Ageing, [Own], [0, 0]);

        Placement raw = numbering.Of(1, 0).Placement;
        Assert.Equal((0, null), (raw.Primary, raw.Origin));
        Assert.Equal([(TimeSpan.FromDays(1), 7L), (TimeSpan.FromDays(30), 0L)], raw.Steps.Select(static step => (step.After, step.LeastBytes)));
        Assert.Equal([false, true], raw.Steps.Select(static step => step.CountsReads));
        Placement[] steps = [.. raw.Steps.Select(step => numbering.All.Single(one => one.Placement.Number == step.Placement).Placement)];
        Assert.Equal([(1, 2), (3, 2)], steps.Select(static step => (step.Primary, Assert.Single(step.Sync))));
        Assert.All(steps, step => Assert.Equal(raw.Number, step.Origin));
        Assert.Equal([steps[1].Number], steps[0].Steps.Select(static step => step.Placement));
        Assert.Empty(steps[1].Steps);
        Assert.Equal([1u, 2u, 3u, 4u], numbering.All.Where(static one => one.Former is null).Select(static one => one.Placement.Number)); // In the order in which they are defined.
    }

    [Fact]
    public void Number_TransitionsOfADirectory_HoldForItsFiles()
    {
        const string policy =
            """
            defaults: {placement: {primary: a}, transitions: [{store: c, after: 10d}]}
            rules:
              - path: /x
                transitions: [{store: b, after: 1d}]
                files: [{match: ["*.txt"], placement: {primary: c}, transitions: []}]
            """;
        PlacementNumbering first = Number(policy, [Own], [0, 0]);

        Assert.Equal(2, Step(0).Primary);
        Assert.Equal(1, Step(1).Primary);
        Assert.Empty(first.Of(1, 0).Placement.Steps);
        Placement[] known = [Own, .. first.All.Where(static one => one.Former is null).Select(static one => one.Placement)];
        PlacementNumbering again = Number(policy, known, [first.Of(0, -1).Placement.Number, first.Of(1, -1).Placement.Number]);
        Assert.DoesNotContain(again.All, static one => one.IsChange);

        Placement Step(int rule)
        {
            Placement itself = first.Of(rule, -1).Placement;
            Placement target = first.All.Single(one => one.Placement.Number == Assert.Single(itself.Steps).Placement).Placement;
            Assert.Equal(itself.Number, target.Origin);
            Assert.Empty(target.Patterns);
            return target;
        }
    }

    [Fact]
    public void Number_TransitionsAgain_ChangesNothing()
    {
        PlacementNumbering first = Number(Ageing, [Own], [0, 0]);
        Placement[] known = [Own, .. first.All.Where(static one => one.Former is null).Select(static one => one.Placement)];

        PlacementNumbering again = Number(Ageing, known, [0, first.Of(1, -1).Placement.Number]);

        Assert.DoesNotContain(again.All, static one => one.IsChange);
        Assert.Equal(first.All.Count, again.All.Count); // What steps lead to is there as well: quotas count it.
    }

    [Fact]
    public void Number_TransitionsAreGone_KeepsWhatFilesCameDownTo()
    {
        PlacementNumbering first = Number(Ageing, [Own], [0, 0]);
        Placement[] known = [Own, .. first.All.Where(static one => one.Former is null).Select(static one => one.Placement)];
        Placement raw = first.Of(1, 0).Placement;
        uint step = raw.Steps[0].Placement;
        string without = Ageing[..Ageing.IndexOf("      transitions:", StringComparison.Ordinal)]
            .Replace("store: c, mode: sync", "store: c, mode: async", StringComparison.Ordinal);

        PlacementNumbering again = Number(
            without, known, [0, first.Of(1, -1).Placement.Number], (new SurveyKey(1, 0, raw.Number), 3), (new SurveyKey(1, 0, step), 3));

        Assert.Equal(raw.Number, again.Of(1, 0).Placement.Number);
        Placement kept = again.All.Single(one => one.Placement.Number == step).Placement;
        Assert.Equal((1, raw.Number), (kept.Primary, kept.Origin!.Value));
        Assert.Equal([2], kept.Async); // Its replicas are those of where the files came from.
        Assert.Empty(kept.Sync);
    }

    [Fact]
    public void Number_TransitionsWithOtherAges_KeepsWhereTheyLead()
    {
        PlacementNumbering first = Number(Ageing, [Own], [0, 0]);
        Placement[] known = [Own, .. first.All.Where(static one => one.Former is null).Select(static one => one.Placement)];
        Placement raw = first.Of(1, 0).Placement;

        PlacementNumbering again = Number(
            Ageing.Replace("1d", "2d", StringComparison.Ordinal), known, [0, first.Of(1, -1).Placement.Number], (new SurveyKey(1, 0, raw.Number), 3));

        Placement changed = again.Of(1, 0).Placement;
        Assert.Equal(raw.Number, changed.Number);
        Assert.Equal(TimeSpan.FromDays(2), changed.Steps[0].After);
        Assert.Equal(raw.Steps.Select(static step => step.Placement), changed.Steps.Select(static step => step.Placement));
        Assert.Equal([raw.Number], again.All.Where(static one => one.IsChange).Select(static one => one.Placement.Number));
    }

    [Fact]
    public void Number_OtherStores_LeavesAloneWhatAnotherDirectoryHasToo()
    {
        Placement[] known = [Own, new Placement { Number = 1, Primary = 1 }];

        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: b}}\nrules: [{path: /x, placement: {primary: c}}, {path: /y, placement: {primary: a}}]", known, [0, 1, 1], (new SurveyKey(1, -1, 1), 5), (new SurveyKey(2, -1, 1), 1));

        Assert.Equal((1u, false), Of(numbering, 0));
        Assert.Equal((2u, true), Of(numbering, 1));
        Assert.Equal((0u, false), Of(numbering, 2));
    }

    [Fact]
    public void Number_OtherTierOfWhatIsThere_TakesANewNumber()
    {
        Placement[] known = [Own, new Placement { Number = 1, Primary = 1 }];

        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b, tier: cool}}]", known, [0, 1], (new SurveyKey(1, -1, 1), 5));

        Assert.Equal((2u, true), Of(numbering, 1));
        Assert.Equal(StorageTier.Cool, numbering.Of(1, -1).Placement.TierOf(1));
    }

    [Fact]
    public void Number_Archive_IsAStepThatIsTakenAfterARest()
    {
        Placement[] known = [Own, new Placement { Number = 1, Primary = 1 }];

        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b, tier: archive}, "
                + "transitions: [{store: c, after: 30d}], archive: {on_open: recall, keep_head: 1MiB, blocked_programs: [updatedb]}}]",
            known, [0, 1], (new SurveyKey(1, -1, 1), 5));

        Assert.Equal((1u, true), Of(numbering, 1));
        Placement placement = numbering.Of(1, -1).Placement;
        Assert.Equal(StorageTier.Hot, placement.TierOf(1));
        Assert.Equal([(TimeSpan.FromHours(1), 2u), (TimeSpan.FromDays(30), 3u)], placement.Steps.Select(static step => (step.After, step.Placement)));
        Assert.True(placement.Archive.IsSameAs(ArchiveBehaviour.Default));

        Placement archive = numbering.AfterRest(placement);
        Assert.Equal((2u, 1u, StorageTier.Archive), (archive.Number, archive.Origin, archive.TierOf(1)));
        Assert.Equal((OpenBehaviour.Recall, 1L << 20, "updatedb"), (archive.Archive.OnOpen, archive.Archive.KeepHead, archive.Archive.BlockedPrograms.Single()));
        Assert.Equal([3u], archive.Steps.Select(static step => step.Placement));
        Assert.Equal((2, StorageTier.Archive), (numbering.All[^1].Placement.Primary, numbering.All[^1].Placement.TierOf(2)));
    }

    [Fact]
    public void Number_ArchiveWithAReplicaInOne_HasBothRest()
    {
        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b, tier: archive, replicas: [{store: c, tier: archive}]}}]", [Own], [0, null]);
        Placement placement = numbering.Of(1, -1).Placement;
        Placement archive = numbering.AfterRest(placement);
        Assert.Equal((StorageTier.Hot, StorageTier.Hot), (placement.TierOf(1), placement.TierOf(2)));
        Assert.Equal((StorageTier.Archive, StorageTier.Archive), (archive.TierOf(1), archive.TierOf(2)));
        Assert.True(archive.IsTier);
    }

    [Fact]
    public void AfterRest_NoArchiveOrOneThatComesLater_IsThePlacementItself()
    {
        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b}, transitions: [{tier: archive, after: 1d}]}]", [Own], [0, 0]);
        Assert.All(numbering.All, one => Assert.Same(one.Placement, numbering.AfterRest(one.Placement)));
    }

    [Fact]
    public void Number_OtherBehaviourOfAnArchive_RedefinesIt()
    {
        Placement written = new() { Number = 1, Primary = 1, Steps = [new PlacementStep { After = TimeSpan.FromHours(1), Placement = 2 }] };
        Placement known = new() { Number = 2, Primary = 1, Tiers = new Dictionary<int, StorageTier> { [1] = StorageTier.Archive }, Origin = 1, IsTier = true };

        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b, tier: archive}, archive: {on_open: block}}]",
            [Own, written, known],
            [0, 1],
            (new SurveyKey(1, -1, 1), 5),
            (new SurveyKey(1, -1, 2), 5));

        Assert.Equal((1u, false), Of(numbering, 1));
        NumberedPlacement archive = Assert.Single(numbering.All, static one => one.IsChange);
        Assert.Equal((2u, OpenBehaviour.Block), (archive.Placement.Number, archive.Placement.Archive.OnOpen));
    }

    [Fact]
    public void Number_BehaviourWithoutAnArchive_ChangesNothing()
    {
        PlacementNumbering numbering = Number("defaults: {placement: {primary: a}, archive: {on_open: recall}}", [Own], [0]);
        Assert.Equal((0u, false), Of(numbering, 0));
    }

    [Theory]
    [InlineData("{path: /x, classification: public, placement: {replicas: [{store: bare}]}}")] // What was health information and is in a snapshot still would follow.
    [InlineData("{path: /x, regions: [eu], placement: {replicas: [{store: c}]}}")]
    public void Number_AgreementOrBorderNotTheSame_TakesANewNumber(string rule)
    {
        Placement[] known = [Own, new Placement { Number = 1, Primary = 1 }];

        PlacementNumbering numbering = Number($"defaults: {{placement: {{primary: b}}, classification: public}}\nrules: [{rule}]", known, [0, 1], (new SurveyKey(1, -1, 1), 5));

        Assert.Equal((2u, true), Of(numbering, 1));
        Assert.Null(numbering.Of(1, -1).Former);
    }

    [Fact]
    public void Number_OfOwn_IsNeverRedefined()
    {
        PlacementNumbering numbering = Number("defaults: {placement: {primary: a, replicas: [{store: b}]}}", [Own], [0], (new SurveyKey(0, -1, 0), 1));

        Assert.Equal((1u, true), Of(numbering, 0));
    }

    [Fact]
    public void Number_StoresOfAPattern_RedefinesItsPlacement()
    {
        Placement[] known =
        [
            Own,
            new Placement { Number = 1, Primary = 2 },
            new Placement { Number = 2, Primary = 1, Patterns = [new PlacementPattern { Match = ["*.bam"], Placement = 1 }] },
        ];

        PlacementNumbering numbering = Number(
            "defaults: {placement: {primary: b}, files: [{match: ['*.bam'], placement: {primary: c, replicas: [{store: a}]}}]}",
            known,
            [2],
            (new SurveyKey(0, 0, 1), 5),
            (new SurveyKey(0, -1, 2), 5));

        Assert.Equal((1u, 1u), (numbering.Of(0, 0).Placement.Number, numbering.Of(0, 0).Former!.Number));
        Assert.Equal((2u, false), Of(numbering, 0));
    }

    [Fact]
    public void Number_StoresOfADirectoryWithDataInASharedNumber_RedefinesThatToo()
    {
        Placement[] known = [Own, new Placement { Number = 1, Primary = 1 }, new Placement { Number = 2, Primary = 1, Trees = ["/x"] }];

        PlacementNumbering numbering = NumberShared(
            "defaults: {placement: {primary: a}}\nrules: [{path: /x, quota: {bytes: 1GiB}, placement: {primary: b, replicas: [{store: c}]}}]",
            known,
            [0, 2],
            [(2, 1)]);

        Assert.Equal((2u, true), Of(numbering, 1));
        Assert.Equal([(1u, 1), (2u, 1)], numbering.All.Where(static one => one.IsChange).Select(static one => (one.Placement.Number, one.Placement.Async.Count)).Order());
    }

    [Fact]
    public void Number_StoresOfOneOfTwoThatShareANumber_LeavesThatAsItIs()
    {
        Placement[] known =
        [
            Own,
            new Placement { Number = 1, Primary = 1 },
            new Placement { Number = 2, Primary = 1, Trees = ["/x"] },
            new Placement { Number = 3, Primary = 1, Trees = ["/y"] },
        ];

        PlacementNumbering numbering = NumberShared(
            "defaults: {placement: {primary: a}}\nrules: [{path: /x, quota: {bytes: 1GiB}, placement: {primary: b, replicas: [{store: c}]}}, {path: /y, quota: {bytes: 1GiB}, placement: {primary: b}}]",
            known,
            [0, 2, 3],
            [(2, 1), (3, 1)]);

        Assert.Equal((2u, true), Of(numbering, 1));
        Assert.Equal([2u], numbering.All.Where(static one => one.IsChange).Select(static one => one.Placement.Number));
    }

    [Fact]
    public void Number_StoresOfANumberThatOthersShare_AreNotChangedUnderThem()
    {
        Placement[] known = [Own, new Placement { Number = 1, Primary = 1 }, new Placement { Number = 2, Primary = 1, Trees = ["/y"] }];
        const string changesX = "defaults: {placement: {primary: a}}\nrules: [{path: /x, placement: {primary: b, replicas: [{store: c}]}}, {path: /y, quota: {bytes: 1GiB}, placement: {primary: b";

        PlacementNumbering one = NumberShared(changesX + "}}]", known, [0, 1, 2], [(2, 1)]);
        PlacementNumbering both = NumberShared(changesX + ", replicas: [{store: c}]}}]", known, [0, 1, 2], [(2, 1)]);

        Assert.Equal((3u, true), Of(one, 1));
        Assert.Equal((2u, false), Of(one, 2));
        Assert.Equal((1u, true), Of(both, 1));
        Assert.Equal((2u, true), Of(both, 2));
    }

    private static (uint Number, bool IsChange) Of(PlacementNumbering numbering, int rule) =>
        (numbering.Of(rule, -1).Placement.Number, numbering.Of(rule, -1).IsChange);

    private static PlacementNumbering Number(string policy, IReadOnlyList<Placement> known, uint?[] current, params (SurveyKey Key, long Files)[] survey) =>
        NumberShared(policy, known, current, [], survey);

    private static PlacementNumbering NumberShared(
        string policy, IReadOnlyList<Placement> known, uint?[] current, HashSet<(uint File, uint Segment)> shared, params (SurveyKey Key, long Files)[] survey)
    {
        IReadOnlyList<RuleDirectory> directories =
        [
            .. RuleDirectory.Of(PolicyText.Read(Stores + policy)).Select((directory, rule) => current[rule] is { } number
                ? directory with { Inode = new InodeId(10 + (ulong)rule), Current = number }
                : directory),
        ];
        Dictionary<SurveyKey, SurveyCount> counts = survey.ToDictionary(static one => one.Key, static one => new SurveyCount(0, one.Files, one.Files));
        for (int rule = 0; rule < current.Length; rule++)
        {
            if (current[rule] is { } number)
            {
                counts.TryAdd(new SurveyKey(rule, -1, number), new SurveyCount(1, 0, 0));
            }
        }

        return PlacementNumbering.Of(directories, name => Array.IndexOf(Names, name), new PlacedContents(known, counts, shared, new HashSet<(uint, uint)>()), static store => store < 3);
    }
}
