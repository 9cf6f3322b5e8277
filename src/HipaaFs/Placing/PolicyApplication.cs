using HipaaFs.Cli.Output;
using HipaaFs.Cli.Policies;
using HipaaFs.Cli.Volumes;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Quotas;
using HipaaFs.Transitions;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Plans what a policy changes in an open volume, and does it.</summary>
/// <remarks>
/// Every step finds out what is left to do: an application that was cut off goes on when it is asked for again, and one that is done changes nothing. The policy is kept before directories
/// are touched, so that a residency report tells what is not yet as it says. One at a time.
/// </remarks>
internal sealed class PolicyApplication : IDisposable
{
    private readonly Volume _volume;
    private readonly string? _region;
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <param name="volume">The volume; open for as long as this.</param>
    /// <param name="region">Where this machine is; null when nobody said.</param>
    public PolicyApplication(Volume volume, string? region)
    {
        _volume = volume;
        _region = region;
    }

    /// <summary>What applying a policy would change.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="text">Its text.</param>
    /// <param name="progress">Told how much was counted.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="CommandException">It does not fit the volume.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<PolicyPlan> PlanAsync(LoadedPolicy policy, ReadOnlyMemory<byte> text, Action<ProgressUpdate> progress, CancellationToken cancel) =>
        (await PrepareAsync(policy, text, progress, cancel)).Plan;

    /// <summary>Applies a policy: registers its stores, defines its placements and gives them to its directories. Data that is elsewhere is moved in the background.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="text">Its text.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; what is done stays done, and the next one goes on.</param>
    /// <returns>What was changed.</returns>
    /// <exception cref="CommandException">It does not fit the volume, or a directory is missing: nothing is changed. Or something failed on the way.</exception>
    /// <exception cref="VolumeException">A store cannot be registered.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    public async Task<PolicyPlan> ApplyAsync(LoadedPolicy policy, ReadOnlyMemory<byte> text, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            Prepared prepared = await PrepareAsync(policy, text, progress, cancel);
            ThrowIfMissing(prepared.Plan);
            PolicyPlan plan = prepared.Plan;
            if (await RegisterAsync(prepared, cancel))
            {
                prepared = await PrepareAsync(policy, text, progress, cancel); // With the numbers that they got.
                ThrowIfMissing(prepared.Plan);
            }

            if (prepared.Plan.Changes)
            {
                await ApplyAsync(prepared, text, progress, cancel);
            }

            return plan;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task<Prepared> PrepareAsync(LoadedPolicy policy, ReadOnlyMemory<byte> text, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        if (text.Length > Volume.MostPolicyBytes)
        {
            throw new CommandException(
                ExitCode.Refused, $"apply the policy: it has {text.Length} bytes, and a volume keeps {Volume.MostPolicyBytes >> 20} MiB", "Write it shorter: fewer rules, or shorter comments.");
        }

        PolicyDocument document = policy.Document;
        HostRegionCheck.RefuseAnother($"apply the policy {policy.FileName}", document, _region);
        IReadOnlyList<StoreContents> contents = await _volume.DescribeStoresAsync(cancel);
        RegisteredStore[] known = [.. contents.Select(static store => store.Store)];
        var match = PolicyStoreMatch.Of(document, known, _volume.HomeStore);
        MetadataStoreCheck.Run(policy, match);
        var survey = new PlacementSurvey(_volume.FileSystem, entries => progress(new ProgressUpdate("count", entries, 0, "entries")));
        IReadOnlyList<RuleDirectory> directories = await survey.FindAsync(RuleDirectory.Of(document), cancel);
        IReadOnlyDictionary<SurveyKey, SurveyCount> counts = await survey.CountAsync(directories, cancel);
        HashSet<int> covered = [.. document.Stores.Where(static store => store.HasBaa).Select(store => match.NumberOf(store.Name))];
        Misplacement misplaced = await _volume.DescribeMisplacedAsync(cancel);
        var numbering = PlacementNumbering.Of(directories, match.NumberOf, new PlacedContents(_volume.Placements, counts, misplaced.Shared, misplaced.Heads), covered.Contains);
        bool isKept = await _volume.ReadPolicyAsync(cancel) is { } kept && text.Span.SequenceEqual(kept);
        IReadOnlyList<Quota> quotas = QuotaPlanning.Find(policy, [.. numbering.All.Select(static numbered => numbered.Placement)]);
        bool areQuotasKept = QuotaPlanning.AreSame(quotas, _volume.Quotas);
        TransitionSettings transitions = ToSettings(document.Mover);
        bool areTransitionsKept = transitions.IsSameAs(await _volume.ReadTransitionSettingsAsync(cancel));
        int[] metadataStores = [match.Home, .. (document.MetadataStores ?? []).Select(name => match.NumberOf(name.Value)).Where(number => number != match.Home)];
        bool areMetadataStoresKept = metadataStores.Order().SequenceEqual(_volume.MetadataStores.Order());
        var planning = new PolicyPlanning(policy, match, known, _volume.Placements, directories, counts, numbering, await _volume.SumCopiesAsync(cancel));
        return new Prepared(
            match, directories, numbering, areQuotasKept ? null : quotas, areTransitionsKept ? null : transitions, planning.ToPlan(!isKept || !areQuotasKept || !areTransitionsKept || !areMetadataStoresKept) with
            {
                Metadata = areMetadataStoresKept ? null : ToPlanned(metadataStores, document, known, match),
            })
        {
            NewMetadataStores = areMetadataStoresKept ? null : metadataStores,
        };
    }

    private PlannedMetadata ToPlanned(int[] metadataStores, PolicyDocument document, RegisteredStore[] known, PolicyStoreMatch match)
    {
        return new PlannedMetadata(
            NameOf(match.Home), [.. metadataStores.Except(_volume.MetadataStores).Select(NameOf)], [.. _volume.MetadataStores.Except(metadataStores).Select(NameOf)]);

        string NameOf(int number) =>
            document.Stores.FirstOrDefault(store => match.NumberOf(store.Name) == number)?.Name ?? known.Single(store => store.Number == number).Name;
    }

    private static TransitionSettings ToSettings(MoverOptions? mover) => mover is null ? TransitionSettings.Default : new TransitionSettings
    {
        Windows = [.. mover.Windows.Select(static window => window.ToString())],
        BytesPerSecond = mover.BytesPerSecond ?? TransitionSettings.Default.BytesPerSecond,
    };

    private static void ThrowIfMissing(PolicyPlan plan)
    {
        if (plan.Missing.Count > 0)
        {
            throw new CommandException(
                ExitCode.NotFound,
                $"apply the policy {plan.File}: {plan.Missing.Count} of its directories {(plan.Missing.Count == 1 ? "is" : "are")} not there, and nothing is changed",
                "Make them, or give --make-directories: what is made later would be placed as the directory above it is.")
            {
                Problems = plan.Missing,
            };
        }
    }

    private async Task ApplyAsync(Prepared prepared, ReadOnlyMemory<byte> text, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        await _volume.WritePolicyAsync(text, cancel);
        if (prepared.NewMetadataStores is not null)
        {
            await _volume.MirrorMetadataAsync(prepared.NewMetadataStores, cancel);
        }

        if (prepared.NewTransitions is not null)
        {
            await _volume.WriteTransitionSettingsAsync(prepared.NewTransitions, cancel);
        }

        foreach (NumberedPlacement placement in prepared.Numbering.All.Where(static placement => placement.IsChange))
        {
            await _volume.DefinePlacementAsync(placement.Placement, cancel);
        }

        HashSet<InodeId> roots = [.. prepared.Directories.Select(static directory => directory.Inode!.Value)];
        long total = prepared.Plan.Directories.Sum(static directory => directory.Directories + directory.Files);
        long done = 0;
        for (int rule = 0; rule < prepared.Directories.Count; rule++)
        {
            InodeId root = prepared.Directories[rule].Inode!.Value;
            uint number = prepared.Numbering.Of(rule, -1).Placement.Number;
            long before = done;
            if (prepared.Plan.Directories[rule].ChangedEntries > 0)
            {
                var sink = new ProgressSink<AssignmentProgress>(
                    made => progress(new ProgressUpdate("assign", Math.Min(total, before + made.Directories + made.Files), total, "entries")));
                FsResult<AssignmentProgress> assigned = await _volume.AssignPlacementAsync(root, number, roots.Where(other => other != root).ToHashSet(), sink, cancel);
                if (!assigned.IsOk)
                {
                    throw new CommandException(
                        ExitCode.Incomplete, $"apply the policy: the directory {prepared.Directories[rule].Path} could not be placed ({assigned.Error})", "Run it again: it goes on from there.");
                }
            }

            done += prepared.Plan.Directories[rule].Directories + prepared.Plan.Directories[rule].Files;
        }

        // Once everything counts where it should: before, a tree would seem emptier than it is.
        if (prepared.NewQuotas is not null)
        {
            await _volume.DefineQuotasAsync(prepared.NewQuotas, cancel);
        }
    }

    // Whether there was anything to do.
    private async Task<bool> RegisterAsync(Prepared prepared, CancellationToken cancel)
    {
        PlannedStore[] named = [.. prepared.Plan.Stores.Where(static store => store.Action == "name")];
        foreach (PlannedStore store in named)
        {
            await _volume.NameStoreAsync(store.Number, store.Name, store.Region, cancel);
        }

        var registered = new List<string>();
        foreach (PolicyStore store in prepared.Match.Added)
        {
            try
            {
                await _volume.RegisterStoreAsync(store.Name, store.Url!, store.Region!, cancel);
                registered.Add(store.Name);
            }
            catch (VolumeException failure)
            {
                throw NotRegistered(store.Name, registered, failure);
            }
        }

        return named.Length + prepared.Match.Added.Count > 0;
    }

    private static CommandException NotRegistered(string store, List<string> registered, VolumeException failure)
    {
        CommandException cause = VolumeFailures.ToCommand(failure);
        string before = registered.Count == 0 ? "no store was" : string.Join(", ", registered) + (registered.Count == 1 ? " was" : " were");
        return new CommandException(
            cause.Code, $"apply the policy: register the store {store}: {cause.Message}; {before} registered before that, and no directory was placed", $"{cause.Action} Then run it again: it goes on from there.", failure);
    }

    private sealed record Prepared(
        PolicyStoreMatch Match,
        IReadOnlyList<RuleDirectory> Directories,
        PlacementNumbering Numbering,
        IReadOnlyList<Quota>? NewQuotas,
        TransitionSettings? NewTransitions,
        PolicyPlan Plan)
    {
        // Numbers of the stores that get change stream and key ring; null where nothing changes.
        public IReadOnlyList<int>? NewMetadataStores { get; init; }
    }
}
