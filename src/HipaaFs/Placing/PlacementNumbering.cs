using HipaaFs.Archives;
using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Transitions;

namespace HipaaFs.Cli.Placing;

/// <summary>Finds numbers for the placements that a policy asks for.</summary>
/// <remarks>
/// <para>A placement that the volume has already keeps its number, so that to apply a policy twice changes nothing. One that differs from what its directories have now in its stores alone is
/// <em>redefined</em>: nothing has to be moved, the stores get what they lack. Every other one gets a number of its own, and what is there is moved.</para>
/// <para>Redefined is only what nothing else has, and only while the border stays, nothing that is there would be in another tier, and all stores that are added have an agreement: what was deleted and is in a snapshot still, or was
/// moved elsewhere and not collected yet, has the old number too and goes wherever that leads.</para>
/// <para>Files may have data in segments of another number whose stores are the same (a directory's first quota gives it a number of its own, and its data stays where it is). Where the
/// stores of one change, the other's must become the same, else it gets a new number; and a number that only such segments have still is redefined with those whose data they hold.</para>
/// <para>What goes to an archive is written to the same store as usual first and takes a step there when it has rested (<see cref="Rest"/>): only then is it known what lies together.</para>
/// <para>Steps by age lead to placements of their own, which only files of the one placement come to. They are numbered last; those that lead to the same places as before keep their numbers, and where the stores
/// of the placement are redefined theirs are too.</para>
/// </remarks>
internal sealed class PlacementNumbering
{
    /// <summary>How long what goes to an archive lies in its store as usual, since it was written last: what is copied in together, and what is deleted or written again at once, never gets there in pieces.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromHours(1);

    private readonly IReadOnlyList<Placement> _known;
    private readonly StepTargets _targets = new();
    private readonly IReadOnlyDictionary<SurveyKey, SurveyCount> _survey;
    private readonly IReadOnlySet<(uint File, uint Segment)> _shared;
    private readonly IReadOnlySet<(uint File, uint Segment)> _heads;
    private readonly Func<int, bool> _hasBaa;
    private readonly Dictionary<(int Rule, int Pattern), Placement> _wanted = [];
    private readonly Dictionary<(int Rule, int Pattern), NumberedPlacement> _numbered = [];
    private readonly List<NumberedPlacement> _all = [];
    private readonly HashSet<uint> _taken = [0];
    private readonly HashSet<uint> _redefined = [];
    private readonly List<int> _patterns = []; // How many of each directory count.
    private uint _next;

    private PlacementNumbering(PlacedContents contents, Func<int, bool> hasBaa)
    {
        _known = contents.Placements;
        _survey = contents.Survey;
        _shared = contents.Shared;
        _heads = contents.Heads;
        _hasBaa = hasBaa;
        _next = (uint)_known.Count;
    }

    /// <summary>Numbers the placements of a policy's directories, and of the patterns in them.</summary>
    /// <param name="directories">The directories.</param>
    /// <param name="numberOf">The numbers of the stores.</param>
    /// <param name="contents">The volume's placements, and what has which now.</param>
    /// <param name="hasBaa">Whether a store may hold protected health information.</param>
    public static PlacementNumbering Of(
        IReadOnlyList<RuleDirectory> directories,
        Func<string, int> numberOf,
        PlacedContents contents,
        Func<int, bool> hasBaa)
    {
        IReadOnlyList<Placement> known = contents.Placements;
        var numbering = new PlacementNumbering(contents, hasBaa);
        var ofFiles = new List<PlacementWish>();
        for (int rule = 0; rule < directories.Count; rule++)
        {
            Placement itself = numbering.Want(directories[rule].Policy, numberOf);
            Placement[] targets = [.. directories[rule].Patterns.Select(pattern => numbering.Want(pattern, numberOf))];

            // The first that matches decides: one that leads nowhere else still keeps files from those after it.
            int count = 1 + Array.FindLastIndex(targets, target => !target.IsSameAs(itself));
            numbering._patterns.Add(count);
            numbering._wanted[(rule, -1)] = itself;
            Placement? current = directories[rule].Inode is null || directories[rule].Current >= known.Count ? null : known[(int)directories[rule].Current];
            for (int pattern = 0; pattern < count; pattern++)
            {
                numbering._wanted[(rule, pattern)] = targets[pattern];
                string[] match = Match(directories[rule].Patterns[pattern]);
                ofFiles.Add(new PlacementWish(
                    rule, pattern, targets[pattern], current?.Patterns.FirstOrDefault(other => other.Match.SequenceEqual(match))?.Placement));
            }
        }

        HashSet<uint> ofDirectories = [.. directories.Where(static directory => directory.Inode is not null).Select(static directory => directory.Current)];
        numbering.Settle(ofFiles, ofDirectories);
        var wishes = new List<PlacementWish>();
        for (int rule = 0; rule < directories.Count; rule++)
        {
            RuleDirectory directory = directories[rule];
            Placement wanted = numbering.Want(directory.Policy, numberOf) with
            {
                Patterns = [.. Enumerable.Range(0, numbering._patterns[rule]).Select(pattern => new PlacementPattern
                {
                    Match = Match(directory.Patterns[pattern]),
                    Placement = numbering.Of(rule, pattern).Placement.Number,
                })],
            };
            wishes.Add(new PlacementWish(rule, -1, wanted, directory.Inode is null ? null : directory.Current));
        }

        numbering.Settle(wishes, []);
        numbering.RedefineWhatIsShared();
        numbering.NumberSteps();
        numbering.KeepFormerSteps();
        return numbering;
    }

    /// <summary>All of them, each once, in the order in which they are to be defined: what patterns lead to before what has the patterns.</summary>
    public IReadOnlyList<NumberedPlacement> All => _all;

    /// <summary>The placement of a directory, pattern -1, or of its files of one pattern.</summary>
    public NumberedPlacement Of(int rule, int pattern) => _numbered[(rule, pattern < _patterns[rule] ? pattern : -1)];

    /// <summary>Where the files of a placement are once they have rested: in its archive, where it has one of its own.</summary>
    public Placement AfterRest(Placement placement) =>
        placement.Steps is [var first, ..] && _all.Find(one => one.Placement.Number == first.Placement)?.Placement is { IsTier: true } archive ? archive : placement;

    /// <summary>Whether a placement that was defined before had such an archive.</summary>
    public bool HadRest(Placement former) => former.Steps is [var first, ..] && first.Placement < _known.Count && _known[(int)first.Placement].IsTier;

    /// <summary>The border of a directory: its regions in their order; empty when it has none.</summary>
    public static string BorderOf(EffectivePolicy policy) =>
        policy.Regions is { } regions ? string.Join(',', regions.Select(static region => region.Value).Distinct().Order(StringComparer.Ordinal)) : string.Empty;

    // With steps that lead to numbers of _targets for the time being.
    private Placement Want(EffectivePolicy policy, Func<string, int> numberOf)
    {
        Placement full = ToPlacement(policy, numberOf);
        bool countsReads = policy.Transitions.Any(static transition => transition.Value.Since == TransitionClock.Read);
        full = countsReads ? full with { Archive = ToBehaviour(policy) } : full; // Reads of blocked programs do not count.
        Placement itself = policy.Tier == StorageTier.Archive ? Resting(full, countsReads) : full;
        var at = new TransitionStep(policy.Primary!, policy.Tier, Rest, null);
        var steps = new List<PlacementStep>();
        if (policy.Tier == StorageTier.Archive)
        {
            steps.Add(ToStep(policy, full with { IsTier = true }, at, 0, numberOf));
        }

        foreach (Placed<Transition> placed in policy.Transitions)
        {
            at = at.Then(placed.Value);
            steps.Add(ToStep(policy, full, at, placed.Value.MinSize, numberOf));
        }

        return itself with { Steps = steps };
    }

    private PlacementStep ToStep(EffectivePolicy policy, Placement origin, TransitionStep at, long leastBytes, Func<string, int> numberOf)
    {
        var tiers = new SortedDictionary<int, StorageTier>(origin.Tiers.Where(tier => tier.Key != origin.Primary).ToDictionary()) { [numberOf(at.Store)] = at.Tier };
        Placement target = origin with
        {
            Primary = numberOf(at.Store),
            Tiers = new SortedDictionary<int, StorageTier>(tiers.Where(static tier => tier.Value != StorageTier.Hot).ToDictionary()),
            Archive = at.Tier == StorageTier.Archive ? ToBehaviour(policy) : origin.Archive,
        };
        return new PlacementStep { After = at.After, CountsReads = at.Since == TransitionClock.Read, LeastBytes = leastBytes, Placement = _targets.Add(target) };
    }

    // The archives of replicas get what the primary's gets, when it does. What is never there needs no behaviour.
    private static Placement Resting(Placement placement, bool countsReads) => placement with
    {
        Tiers = new SortedDictionary<int, StorageTier>(placement.Tiers.Where(static tier => tier.Value != StorageTier.Archive).ToDictionary()),
        Archive = countsReads ? placement.Archive : ArchiveBehaviour.Default,
    };

    // In the order of the numbers that they get: one after another.
    private void NumberSteps()
    {
        foreach (NumberedPlacement one in _all.ToArray())
        {
            foreach (PlacementStep step in one.Placement.Steps.Where(static step => !StepTargets.Has(step.Placement)))
            {
                if (step.Placement < _known.Count && !_all.Exists(other => other.Placement.Number == step.Placement))
                {
                    _all.Add(new NumberedPlacement(_known[(int)step.Placement], _known[(int)step.Placement]));
                }
            }
        }

        foreach (NumberedPlacement one in _all.Where(one => one.Placement.Steps.Any(step => StepTargets.Has(step.Placement))).ToArray())
        {
            Placement origin = one.Placement;
            var targets = new List<Placement>();
            for (int i = 0; i < origin.Steps.Count; i++)
            {
                Placement wanted = _targets[origin.Steps[i].Placement] with { Origin = origin.Number };
                uint? former = FormerStep(one.Former, i, wanted);
                targets.Add(wanted with { Number = former ?? _next++ });
            }

            PlacementStep[] steps = [.. origin.Steps.Select((step, i) => step with { Placement = targets[i].Number })];
            Replace(one, one with { Placement = origin with { Steps = steps } });
            for (int i = 0; i < targets.Count; i++)
            {
                Placement target = targets[i] with { Steps = steps[(i + 1)..] };
                _all.Add(new NumberedPlacement(target, target.Number < _known.Count ? _known[(int)target.Number] : null));
            }
        }
    }

    // Files are in them still that came down by steps which the policy does not say any more: they count for quotas, and have the replicas of where they came from.
    private void KeepFormerSteps()
    {
        HashSet<uint> inUse = [.. _survey.Keys.Select(static key => key.Placement)];
        foreach (Placement step in _known.Where(step => step.Origin is not null && inUse.Contains(step.Number) && !_all.Exists(one => one.Placement.Number == step.Number)))
        {
            if (_all.Find(one => one.Placement.Number == step.Origin)?.Placement is not { } origin)
            {
                continue;
            }

            Placement wanted = step with { Trees = origin.Trees };
            var tiers = new SortedDictionary<int, StorageTier>(step.Tiers.ToDictionary());
            foreach ((int store, StorageTier tier) in origin.Tiers)
            {
                tiers.TryAdd(store, tier);
            }

            Placement copied = wanted with
            {
                Sync = [.. origin.Sync.Where(store => store != step.Primary)],
                Async = [.. origin.Async.Where(store => store != step.Primary)],
                Tiers = tiers,
                Windows = origin.Windows,
            };
            bool mayCopy = copied.Border == origin.Border && copied.HasTiersOf(step) && Added(step, copied).All(_hasBaa);
            _all.Add(new NumberedPlacement(mayCopy ? copied : wanted, step));
        }
    }

    // Of the same placement: nothing else is in it.
    private uint? FormerStep(Placement? origin, int index, Placement wanted)
    {
        if (origin is null || index >= origin.Steps.Count || origin.Steps[index].Placement is var number && number >= _known.Count)
        {
            return null;
        }

        Placement former = _known[(int)origin.Steps[index].Placement];
        return former.Origin == origin.Number && former.Border == wanted.Border && former.Primary == wanted.Primary && wanted.HasTiersOf(former) && Added(former, wanted).All(_hasBaa)
            ? former.Number
            : null;
    }

    private void Replace(NumberedPlacement old, NumberedPlacement changed)
    {
        _all[_all.IndexOf(old)] = changed;
        foreach ((int Rule, int Pattern) wish in _numbered.Where(pair => pair.Value.Placement.Number == old.Placement.Number).Select(static pair => pair.Key).ToArray())
        {
            _numbered[wish] = changed;
        }
    }

    // As a policy wants it: steps that lead where one of the policy's does are that one.
    private Placement AsWanted(Placement known) => known with
    {
        Steps = [.. known.Steps.Select(step => step with
        {
            Placement = step.Placement < _known.Count && _known[(int)step.Placement] is { } target && target.Origin == known.Number ? _targets.Find(target) ?? step.Placement : step.Placement,
        })],
    };

    private static Placement ToPlacement(EffectivePolicy policy, Func<string, int> numberOf)
    {
        var tiers = new SortedDictionary<int, StorageTier>();
        foreach ((string store, StorageTier tier) in policy.Replicas.Select(static replica => (replica.Value.Store.Value, replica.Value.Tier.Value)).Append((policy.Primary!, policy.Tier)))
        {
            if (tier != StorageTier.Hot)
            {
                tiers[numberOf(store)] = tier;
            }
        }

        return new Placement
        {
            Primary = numberOf(policy.Primary!),
            Sync = Replicas(policy, ReplicaMode.Sync, numberOf),
            Async = Replicas(policy, ReplicaMode.Async, numberOf),
            Tiers = tiers,
            Windows = WindowsOf(policy, numberOf),
            Archive = tiers.ContainsValue(StorageTier.Archive) ? ToBehaviour(policy) : ArchiveBehaviour.Default, // What is never there needs none.
            Border = BorderOf(policy),
            Trees = [.. policy.Trees],
        };
    }

    private static SortedDictionary<int, IReadOnlyList<string>> WindowsOf(EffectivePolicy policy, Func<string, int> numberOf)
    {
        var windows = new SortedDictionary<int, IReadOnlyList<string>>();
        foreach (Replica replica in policy.Replicas.Select(static replica => replica.Value).Where(static replica => replica.Windows.Count > 0))
        {
            windows[numberOf(replica.Store.Value)] = [.. replica.Windows.Select(static window => window.Value.ToString())];
        }

        return windows;
    }

    private static ArchiveBehaviour ToBehaviour(EffectivePolicy policy) => new()
    {
        OnOpen = policy.Get(PolicyFields.ArchiveOnOpen) switch
        {
            ArchiveOpening.Recall => OpenBehaviour.Recall,
            ArchiveOpening.Block => OpenBehaviour.Block,
            _ => OpenBehaviour.Fail,
        },
        KeepHead = policy.Get(PolicyFields.ArchiveKeepHead) ?? 0,
        BlockedPrograms = [.. policy.Get(PolicyFields.ArchiveBlockedPrograms).Select(static program => program.Value)],
    };

    private static int[] Replicas(EffectivePolicy policy, ReplicaMode mode, Func<string, int> numberOf) =>
        [.. policy.Replicas.Where(replica => replica.Value.Mode == mode).Select(replica => numberOf(replica.Value.Store.Value))];

    private static string[] Match(EffectivePolicy pattern) => [.. pattern.Pattern!.Match.Select(static match => match.Text)];

    // None of the spoken numbers is redefined.
    private void Settle(IReadOnlyList<PlacementWish> wishes, HashSet<uint> spoken)
    {
        var groups = new List<List<PlacementWish>>();
        foreach (PlacementWish wish in wishes)
        {
            if (groups.Find(group => group[0].Wanted.IsSameAs(wish.Wanted)) is { } alike)
            {
                alike.Add(wish);
            }
            else
            {
                groups.Add([wish]);
            }
        }

        // What is there already first: nobody may redefine it.
        foreach (List<PlacementWish> group in groups)
        {
            if (FindSame(group) is { } same)
            {
                Set(group, new NumberedPlacement(same, same));
            }
            else if (_all.Find(one => AsWanted(one.Placement).IsSameAs(group[0].Wanted)) is { } settled)
            {
                Set(group, settled);
            }
        }

        foreach (List<PlacementWish> group in groups.Where(group => !_numbered.ContainsKey((group[0].Rule, group[0].Pattern))))
        {
            Placement? former = FindRedefinable(group, spoken);
            Set(group, new NumberedPlacement(group[0].Wanted with { Number = former?.Number ?? _next++ }, former));
        }
    }

    private Placement? FindSame(List<PlacementWish> group) => _known
        .Where(known => !_redefined.Contains(known.Number) && AsWanted(known).IsSameAs(group[0].Wanted))
        .OrderByDescending(known => group.Any(wish => wish.Current == known.Number))
        .FirstOrDefault();

    private Placement? FindRedefinable(List<PlacementWish> group, HashSet<uint> spoken)
    {
        HashSet<(int Rule, int Pattern)> members = [.. group.Select(static wish => (wish.Rule, wish.Pattern))];
        return group
            .Select(static wish => wish.Current)
            .OfType<uint>()
            .Where(number => !_taken.Contains(number) && !spoken.Contains(number) && number < _known.Count)
            .Where(number => _survey.Keys.All(key => key.Placement != number || IsMember(key)) && AreSharersLike(number, group[0].Wanted))
            .Select(number => _known[(int)number])
            .FirstOrDefault(former => former.Border == group[0].Wanted.Border && group[0].Wanted.HasTiersOf(former) && Added(former, group[0].Wanted).All(_hasBaa));

        bool IsMember(SurveyKey key) => members.Contains(WishOf(key));
    }

    private (int Rule, int Pattern) WishOf(SurveyKey key) => (key.Rule, key.Pattern < _patterns[key.Rule] ? key.Pattern : -1);

    // Whether everything that has data in segments of a number is to lie as wanted.
    private bool AreSharersLike(uint number, Placement wanted)
    {
        HashSet<uint> sharers = [.. _shared.Concat(_heads).Where(pair => pair.Segment == number).Select(static pair => pair.File)];
        return _survey.Keys.All(key => !sharers.Contains(key.Placement) || _wanted[WishOf(key)].PlacesLike(wanted));
    }

    // Else what lies in them would be moved where it need only be copied to a further store.
    private void RedefineWhatIsShared()
    {
        HashSet<uint> inUse = [.. _survey.Keys.Select(static key => key.Placement)];
        foreach (NumberedPlacement redefined in _all.Where(static one => one.Former is { } former && !former.PlacesLike(one.Placement)).ToArray())
        {
            Placement wanted = redefined.Placement;
            foreach (uint number in _shared.Where(pair => pair.File == wanted.Number).Select(static pair => pair.Segment).Order())
            {
                if (number != 0 && !inUse.Contains(number) && !_taken.Contains(number) && AreSharersLike(number, wanted))
                {
                    Placement former = _known[(int)number];
                    _taken.Add(number);
                    _all.Add(new NumberedPlacement(former with { Primary = wanted.Primary, Sync = wanted.Sync, Async = wanted.Async, Tiers = wanted.Tiers }, former));
                }
            }
        }
    }

    private static IEnumerable<int> Added(Placement former, Placement wanted) => Stores(wanted).Except(Stores(former));

    private static IEnumerable<int> Stores(Placement placement) => [placement.Primary, .. placement.Sync, .. placement.Async];

    private void Set(List<PlacementWish> group, NumberedPlacement numbered)
    {
        _taken.Add(numbered.Placement.Number);
        if (numbered is { Former: not null, IsChange: true })
        {
            _redefined.Add(numbered.Placement.Number);
        }

        if (!_all.Exists(other => other.Placement.Number == numbered.Placement.Number))
        {
            _all.Add(numbered);
        }

        foreach (PlacementWish wish in group)
        {
            _numbered[(wish.Rule, wish.Pattern)] = numbered;
        }
    }
}
