using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Finds out where the data of each directory of the policy is, and what of it is outside its regions.</summary>
/// <remarks>
/// Which store has a segment is known of every segment, and which placement a segment is of. So data that is of a directory's placement is proven to be where the copies of that placement
/// are, and the copies of placements with the same stores whose segments hold data of its files; what of its files has yet to be moved there is counted for the whole volume and held against every directory that has regions.
/// </remarks>
internal sealed class ResidencyAudit
{
    private readonly Volume _volume;
    private readonly string? _region;

    /// <param name="volume">The volume; open for as long as this.</param>
    /// <param name="region">Where this machine is; null when nobody said.</param>
    public ResidencyAudit(Volume volume, string? region)
    {
        _volume = volume;
        _region = region;
    }

    /// <summary>Looks at everything now.</summary>
    /// <param name="today">The day it is, in UTC.</param>
    /// <param name="progress">Told how much was counted.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="CommandException">No policy was applied, or something cannot be read.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<ResidencyReport> RunAsync(DateOnly today, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        byte[] text = await _volume.ReadPolicyAsync(cancel) ?? throw new CommandException(
            ExitCode.NotFound, "report where data is: no policy was applied to this volume", "'hipaafs policy apply' says what may be where.");
        PolicyDocument document = PolicyFile.Parse(text, "policy", today).Document;
        var survey = new PlacementSurvey(_volume.FileSystem, entries => progress(new ProgressUpdate("count", entries, 0, "entries")));
        IReadOnlyList<RuleDirectory> directories = await survey.FindAsync(RuleDirectory.Of(document), cancel);
        IReadOnlyDictionary<SurveyKey, SurveyCount> counts = await survey.CountAsync(directories, cancel);
        Misplacement misplaced = await _volume.DescribeMisplacedAsync(cancel);
        CopyTotals totals = await _volume.SumCopiesAsync(cancel);
        RegisteredStore[] stores = [.. (await _volume.DescribeStoresAsync(cancel)).Select(static contents => contents.Store)];
        var lines = directories.Select((directory, rule) => ToLine(directory, rule, counts, stores, totals, misplaced));
        return new ResidencyReport([.. lines], misplaced.Files, misplaced.Bytes + misplaced.SnapshotBytes);
    }

    private ResidencyLine ToLine(
        RuleDirectory directory,
        int rule,
        IReadOnlyDictionary<SurveyKey, SurveyCount> counts,
        RegisteredStore[] stores,
        CopyTotals totals,
        Misplacement misplaced)
    {
        string[]? regions = directory.Policy.Regions is { } bound ? [.. bound.Select(static region => region.Value).Distinct().Order(StringComparer.Ordinal)] : null;
        uint[] placements = [.. counts.Keys.Where(key => key.Rule == rule).Select(static key => key.Placement).Distinct().Order()];
        HashSet<uint> ofSegments = [.. placements, .. misplaced.Shared.Concat(misplaced.Heads).Where(pair => placements.Contains(pair.File)).Select(static pair => pair.Segment)];
        var places = new List<ResidencyPlace>();
        foreach (RegisteredStore store in stores)
        {
            CopySum copies = Sum(totals, group => ofSegments.Contains(group.Placement) && IsIn(group, store));
            if (copies.Segments > 0)
            {
                places.Add(Place("copies", store.Name, store.Region, regions) with { Segments = copies.Segments, Bytes = copies.ObjectBytes });
            }

            if (placements.Any(number => Find(number) is { } placement && (placement.Primary == store.Number || placement.Sync.Contains(store.Number) || placement.Async.Contains(store.Number))))
            {
                places.Add(Place("placement", store.Name, store.Region, regions));
            }
        }

        int[] metadata = [.. _volume.MetadataStores, .. _volume.FormerMetadataStores];
        places.AddRange(stores.Where(store => metadata.Contains(store.Number)).Select(store => Place("metadata", store.Name, store.Region, regions)));
        places.Add(Place("host", string.Empty, _region ?? string.Empty, regions));
        string[] violations = regions is null
            ? []
            : [.. places.Where(static place => !place.Allowed).Select(Describe), .. FindUnbounded(directory, rule, counts), .. FindUnproven(regions, placements, stores, totals, misplaced)];
        return new ResidencyLine(directory.Path, regions, placements, places, violations);
    }

    private IEnumerable<string> FindUnbounded(RuleDirectory directory, int rule, IReadOnlyDictionary<SurveyKey, SurveyCount> counts)
    {
        string border = PlacementNumbering.BorderOf(directory.Policy);
        foreach (IGrouping<uint, KeyValuePair<SurveyKey, SurveyCount>> group in counts.Where(count => count.Key.Rule == rule).GroupBy(static count => count.Key.Placement))
        {
            if (Find(group.Key)?.Border != border)
            {
                yield return $"{group.Sum(static count => count.Value.Files + count.Value.Directories)} files and directories have placement {group.Key}, which these regions do not bound";
            }
        }
    }

    private static IEnumerable<string> FindUnproven(string[] regions, uint[] placements, RegisteredStore[] stores, CopyTotals totals, Misplacement misplaced)
    {
        if (misplaced.Files > 0)
        {
            yield return $"{misplaced.Files} files of the volume have {ByteSize.Format(misplaced.Bytes + misplaced.SnapshotBytes)} elsewhere than their placements say; they are being moved";
        }

        foreach ((uint placement, long bytes) in misplaced.RemovedBytes.Where(removed => removed.Value > 0 && !placements.Contains(removed.Key)).OrderBy(static removed => removed.Key))
        {
            string[] outside = [.. stores
                .Where(store => !regions.Contains(store.Region) && Sum(totals, group => group.Placement == placement && IsIn(group, store)).Segments > 0)
                .Select(static store => store.Name)];
            if (outside.Length > 0)
            {
                yield return $"{ByteSize.Format(bytes)} of removed files, which snapshots still show and nothing tells whose they were, are of placement {placement} in {string.Join(", ", outside)}";
            }
        }
    }

    private Placement? Find(uint number) => number < _volume.Placements.Count ? _volume.Placements[(int)number] : null;

    private static bool IsIn(CopyGroup group, RegisteredStore store) => (group.Copies & SegmentCopies.In(store.Number)) != 0;

    private static CopySum Sum(CopyTotals totals, Func<CopyGroup, bool> isMeant) =>
        totals.Groups.Where(isMeant).Aggregate(default(CopySum), static (sum, group) => sum + group.Sum);

    private static ResidencyPlace Place(string kind, string store, string region, string[]? regions) =>
        new(kind, store, region, 0, 0, regions is null || regions.Contains(region));

    private static string Describe(ResidencyPlace place)
    {
        string region = place.Region.Length == 0 ? "a region that nobody said" : place.Region;
        return place.Kind switch
        {
            "copies" => $"{place.Segments} segments are in {place.Store}, in {region}",
            "placement" => $"new data goes to {place.Store}, in {region}",
            "metadata" => $"change stream and key ring are in {place.Store}, in {region}",
            _ => $"staging and cache are in {region}",
        };
    }
}
