using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>Puts a plan together from what was found out.</summary>
/// <param name="policy">The policy.</param>
/// <param name="match">Which of the volume's stores its stores are.</param>
/// <param name="known">The volume's stores.</param>
/// <param name="placements">The volume's placements by number.</param>
/// <param name="directories">The policy's directories.</param>
/// <param name="counts">What lies in them.</param>
/// <param name="numbering">Their placements.</param>
/// <param name="totals">The segments in which it is.</param>
internal sealed class PolicyPlanning(
    LoadedPolicy policy,
    PolicyStoreMatch match,
    IReadOnlyList<RegisteredStore> known,
    IReadOnlyList<Placement> placements,
    IReadOnlyList<RuleDirectory> directories,
    IReadOnlyDictionary<SurveyKey, SurveyCount> counts,
    PlacementNumbering numbering,
    CopyTotals totals)
{
    private readonly Dictionary<int, RegisteredStore> _known = known.ToDictionary(static store => store.Number);
    private readonly Dictionary<int, string> _names = policy.Document.Stores.ToDictionary(store => match.NumberOf(store.Name), static store => store.Name);

    /// <summary>The plan.</summary>
    /// <param name="isNew">Whether the volume keeps another policy, or none.</param>
    public PolicyPlan ToPlan(bool isNew)
    {
        PlannedStore[] stores = [.. policy.Document.Stores.Select(ToStore).Concat(match.Left.Select(static store => new PlannedStore(store.Number, store.Name, store.Url, store.Region, "unnamed")))];
        PlannedPlacement[] planned = [.. numbering.All.Select(ToPlacement)];
        PlannedDirectory[] lines = [.. directories.Select(ToDirectory)];
        return new PolicyPlan(policy.FileName, stores, planned, lines, Estimate(), UnenforcedFields.Find(policy), [.. policy.Warnings.Select(warning => warning.In(policy.FileName))])
        {
            Changes = isNew
                || stores.Any(static store => store.Action is "register" or "name")
                || planned.Any(static placement => placement.Action != "keep")
                || lines.Any(static directory => !directory.Exists || directory.ChangedEntries > 0),
        };
    }

    private PlannedStore ToStore(PolicyStore store)
    {
        int number = match.NumberOf(store.Name);
        RegisteredStore? before = _known.GetValueOrDefault(number);
        string action = before is null ? "register" : before.Name != store.Name || before.Region != store.Region ? "name" : "keep";
        return new PlannedStore(number, store.Name, before?.Url ?? store.Url!.ToString(), store.Region!, action);
    }

    private PlannedPlacement ToPlacement(NumberedPlacement numbered)
    {
        Placement placement = numbered.Placement;
        string action = numbered.Former is null ? "define" : numbered.IsChange ? "redefine" : "keep";
        return new PlannedPlacement(placement.Number, action, NameOf(placement.Primary), [.. placement.Sync.Select(NameOf)], [.. placement.Async.Select(NameOf)], placement.Border)
        {
            Steps = [.. placement.Steps.Select(static step => $"placement {step.Placement} after {PolicyWords.Of(step.After)}{(step.CountsReads ? " without a read" : "")}")],
            Origin = placement.Origin,
            Windows = placement.Windows.ToDictionary(windows => NameOf(windows.Key), static windows => windows.Value),
            Tiers = ((int[])[placement.Primary, .. placement.Sync, .. placement.Async])
                .Where(store => placement.TierOf(store) != StorageTier.Hot)
                .ToDictionary(NameOf, store => PolicyWords.Of(placement.TierOf(store))),
        };
    }

    private PlannedDirectory ToDirectory(RuleDirectory directory, int rule)
    {
        SurveyCount all = default;
        SurveyCount moved = default;
        long changed = 0;
        foreach ((SurveyKey key, SurveyCount count) in counts.Where(count => count.Key.Rule == rule))
        {
            Placement target = numbering.Of(rule, key.Pattern).Placement;
            all += count;
            changed += IsPlaced(key.Placement, target) ? 0 : count.Directories + count.Files;
            moved += IsMoved(key.Placement, target) || GoesDown(key.Placement, numbering.Of(rule, key.Pattern)) ? count : default;
        }

        return new PlannedDirectory(
            directory.Path, directory.Inode is not null, numbering.Of(rule, -1).Placement.Number, all.Directories, all.Files, all.Bytes, moved.Files, moved.Bytes)
        {
            ChangedEntries = changed,
        };
    }

    private IReadOnlyList<PlannedTransfer> Estimate()
    {
        var estimate = new TransferEstimate();
        foreach ((SurveyKey key, SurveyCount count) in counts)
        {
            NumberedPlacement target = numbering.Of(key.Rule, key.Pattern);
            bool isMoved = IsMoved(key.Placement, target.Placement);
            Placement? former = IsPlaced(key.Placement, target.Placement) ? target.Former : Find(key.Placement);
            bool goesDown = GoesDown(key.Placement, target);
            if (count.Bytes > 0 && (isMoved || target.IsChange))
            {
                estimate.Add(count.Bytes, former, isMoved ? numbering.AfterRest(target.Placement) : target.Placement, isMoved, ObjectBytesIn(key.Placement));
            }

            if (count.Bytes > 0 && goesDown)
            {
                estimate.Add(count.Bytes, target.Placement, numbering.AfterRest(target.Placement), isMoved: true, ObjectBytesIn(key.Placement));
            }
        }

        return estimate.ToTransfers(NameOf, policy.Document);
    }

    // On the average of those that there are.
    private long ObjectBytesIn(uint placement) => totals.OfPlacement(placement) is { Segments: > 0, ObjectBytes: > 0 } sum
        ? Math.Max(1, sum.ObjectBytes / sum.Segments)
        : TransferEstimate.ObjectBytes;

    private bool IsMoved(uint number, Placement target) => !IsPlaced(number, target) && Find(number)?.PlacesLike(numbering.AfterRest(target)) != true && !IsAtAStep(number, target);

    // What came down by age goes to the step that is at the same places.
    private bool IsAtAStep(uint number, Placement target) =>
        Find(number) is { Origin: not null } there
        && target.Steps.Any(step => numbering.All.FirstOrDefault(one => one.Placement.Number == step.Placement)?.Placement.PlacesLike(there) == true);

    // What came down by age is where it belongs.
    private bool IsPlaced(uint number, Placement target) =>
        number == target.Number || (Find(number) is { } there && there.Origin == target.Number && (!there.IsTier || target.Steps.Any(step => step.Placement == number)));

    // The archive is new to what is there and keeps its number.
    private bool GoesDown(uint number, NumberedPlacement target) =>
        number == target.Placement.Number && target.Former is { } former && numbering.AfterRest(target.Placement) != target.Placement && !numbering.HadRest(former);

    private Placement? Find(uint number) => number < placements.Count ? placements[(int)number] : null;

    private string NameOf(int store) => _names.GetValueOrDefault(store) ?? _known.GetValueOrDefault(store)?.Name ?? $"store {store}";
}
