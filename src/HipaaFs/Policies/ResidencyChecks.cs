namespace HipaaFs.Cli.Policies;

/// <summary>Checks that data stays in the regions its directories allow: in stores, in the change stream, on the machines that mount.</summary>
internal sealed class ResidencyChecks
{
    private readonly PolicyDocument _document;
    private readonly PolicyReading _reading;
    private readonly PolicyResolver _resolver;
    private string? _proposal;

    /// <summary>Prepares the checks of one policy.</summary>
    public ResidencyChecks(PolicyDocument document, PolicyReading reading, PolicyResolver resolver)
    {
        _document = document;
        _reading = reading;
        _resolver = resolver;
    }

    /// <summary>Reports every place outside the regions of what would get there.</summary>
    public void Run(IReadOnlyList<EffectivePolicy> policies)
    {
        EffectivePolicy[] bound = [.. policies.Where(static policy => policy.CanRead(PolicyFields.Regions) && policy.Regions is not null)];
        foreach (EffectivePolicy policy in bound)
        {
            CheckStores(policy);
        }

        EffectivePolicy[] directories = [.. bound.Where(static policy => policy.Pattern is null)];
        foreach (EffectivePolicy directory in directories)
        {
            CheckNarrowing(directory);
            CheckHost(directory);
        }

        CheckMetadata(directories);
    }

    private void CheckStores(EffectivePolicy policy)
    {
        EffectiveEntry regions = policy[PolicyFields.Regions];
        foreach (StoreUse use in StoreUse.Of(_document, policy))
        {
            if (use.Store.Region is { } region && !Allows(policy, region))
            {
                use.Report(
                    _reading,
                    regions,
                    "region",
                    $"{use.Store.Name} is in {region}; {policy.Name} may be in {regions.Text} ({Line(regions)})",
                    $"{policy.Name} may be in {regions.Text}, and {use.Store.Name} is in {region} ({use.Label}, line {use.Place.Line})");
            }
        }
    }

    private void CheckNarrowing(EffectivePolicy directory)
    {
        if (directory.Rule is not { } rule || rule.Entries.Find(PolicyFields.Regions) is null || FindOuter(rule.Path) is not { } outer)
        {
            return;
        }

        HashSet<string> allowed = [.. ((IReadOnlyList<Placed<string>>)outer.Value!).Select(static region => region.Value)];
        foreach (Placed<string> region in directory.Regions!.Where(region => !allowed.Contains(region.Value)))
        {
            _reading.Report(
                region.Place, $"regions: {region.Value} is not among those of {outer.Origin.Text}, {outer.Text} ({Line(outer)}); below it there can only be fewer");
        }
    }

    // What bounds the directory above; null when nothing does or it could not be read.
    private EffectiveEntry? FindOuter(string path)
    {
        EffectiveEntry entry = _resolver.Above(path)[PolicyFields.Regions];
        return entry is { IsReadable: true, Value: not null } ? entry : null;
    }

    private void CheckHost(EffectivePolicy directory)
    {
        EffectiveEntry regions = directory[PolicyFields.Regions];
        if (_document.HostRegion is { } host)
        {
            if (!Allows(directory, host.Value))
            {
                _reading.ReportOnce(
                    host.Place,
                    "host",
                    $"host.region: staging and cache are in {host.Value}; {directory.Name} may be in {regions.Text} ({Line(regions)}). {_proposal ??= Propose()}");
            }
        }
        else if (!_document.Unreadable.Contains("host"))
        {
            _reading.ReportOnce(regions.Origin.Place!.Value, "host", "regions: needs 'host: region:', where staging and cache are");
        }
    }

    private void CheckMetadata(IReadOnlyList<EffectivePolicy> directories)
    {
        foreach (EffectivePolicy directory in directories)
        {
            EffectiveEntry regions = directory[PolicyFields.Regions];
            if (_document.MetadataStores is null && !_document.Unreadable.Contains("metadata"))
            {
                _reading.ReportOnce(
                    regions.Origin.Place!.Value, "metadata", "regions: needs 'metadata: stores:', where change stream and key ring go");
            }

            foreach (Placed<string> name in _document.MetadataStores ?? [])
            {
                if (_document.FindStore(name.Value)?.Region is { } region && !Allows(directory, region))
                {
                    _reading.ReportOnce(
                        name.Place,
                        "metadata",
                        $"metadata.stores: {name.Value} is in {region}; the names of {directory.Name} may be in {regions.Text} ({Line(regions)}). {_proposal ??= Propose()}");
                }
            }
        }
    }

    // Directories that have a region in common can share a volume; the others cannot share a change stream and a machine.
    private string Propose()
    {
        var volumes = new List<(List<string> Directories, List<string> Regions)>();
        foreach (EffectivePolicy directory in _resolver.All().Where(static policy => policy.Pattern is null && policy.Regions is not null))
        {
            List<string> regions = [.. directory.Regions!.Select(static region => region.Value)];
            int shared = volumes.FindIndex(volume => volume.Regions.Intersect(regions).Any());
            if (shared < 0)
            {
                volumes.Add(([directory.Name], regions));
            }
            else
            {
                volumes[shared].Directories.Add(directory.Name);
                volumes[shared] = (volumes[shared].Directories, [.. volumes[shared].Regions.Intersect(regions)]);
            }
        }

        return volumes is [(_, var common)]
            ? $"{string.Join(" or ", common)} would do for all"
            : "No region would do for all: make a volume for each of " + string.Join("; ", volumes.Select(static volume =>
                $"{string.Join(", ", volume.Directories)} (in {string.Join(" or ", volume.Regions)})"));
    }

    private static bool Allows(EffectivePolicy policy, string region) => policy.Regions!.Any(allowed => allowed.Value == region);

    private static string Line(EffectiveEntry entry) => $"line {entry.Origin.Place!.Value.Line}";
}
