using System.Globalization;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Empties stores of an open volume, and takes them away. It changes placements only; copying and deleting is done in the background, mounts and crashes later too.</summary>
internal sealed class StoreAdministration
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly Volume _volume;
    private readonly HomeAddress _address;
    private readonly TimeProvider _time;

    /// <param name="volume">The volume; open for as long as this.</param>
    /// <param name="address">Where its home is, for the next opening.</param>
    /// <param name="time">The clock.</param>
    public StoreAdministration(Volume volume, HomeAddress address, TimeProvider time)
    {
        _volume = volume;
        _address = address;
        _time = time;
    }

    /// <summary>The store of a name, or of a number.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<StoreReport> FindAsync(string name, CancellationToken cancel)
    {
        IReadOnlyList<StoreReport> stores = await StoreReporting.DescribeAsync(_volume, _time, cancel);
        return stores.FirstOrDefault(store => store.Name == name)
            ?? throw new CommandException(
                ExitCode.NotFound, $"find the store {name}: the volume has none of that name; it has {string.Join(", ", stores.Select(static store => store.Name))}", "'hipaafs store status' shows them.");
    }

    /// <summary>Has a store get what it lacks now.</summary>
    /// <param name="name">The store.</param>
    /// <param name="waits">Whether to return only when it lacks nothing.</param>
    /// <param name="progress">Told how far that is.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="CommandException">There is no such store.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<StoreReport> FillAsync(string name, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        _volume.WakeReplication();
        StoreReport store = await FindAsync(name, cancel);
        long total = store.Lacks.Bytes;
        store = await CountOutOfReachAsync();
        while (waits && store.Waits is null && store.Lacks.Segments > store.OutOfReach)
        {
            progress(new ProgressUpdate("copy", Math.Max(0, total - store.Lacks.Bytes), total, "bytes"));
            await Task.Delay(Look, _time, cancel);
            long before = store.Lacks.Segments;
            store = await FindAsync(name, cancel);
            store = store.Lacks.Segments == before ? await CountOutOfReachAsync() : store; // Each row of what it lacks is looked at for this.
        }

        return store;

        async Task<StoreReport> CountOutOfReachAsync() =>
            store.Lacks.Segments == 0 ? store : store with { OutOfReach = await _volume.CountOutOfReachAsync(store.Number, cancel) };
    }

    /// <summary>Has a store emptied: every placement that names it goes on without it, or with another one in its place, which is the volume's home then if that one was.</summary>
    /// <param name="name">The store.</param>
    /// <param name="target">The other one; null for its replicas.</param>
    /// <param name="waits">Whether to return only when it is empty.</param>
    /// <param name="progress">Told how far that is.</param>
    /// <param name="cancel">Ends the wait; the store is emptied all the same.</param>
    /// <exception cref="CommandException">There is no such store, or rules forbid it.</exception>
    /// <exception cref="VolumeException">The other one cannot be the volume's home: nothing is changed.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    public async Task<StoreChange> EmptyAsync(string name, string? target, bool waits, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        StoreReport from = await FindAsync(name, cancel);
        StoreReport? to = target is null ? null : await FindAsync(target, cancel);
        LoadedPolicy? policy = await ReadPolicyAsync(cancel);
        Placement[] placements = [.. _volume.Placements.Where(placement => placement.Number != 0 && from.Placements.Contains(placement.Number))];
        IReadOnlyList<Placement> changed = to is null ? Drain(from, placements, $"drain the store {from.Name}") : Migrate(from, to, placements, policy);
        bool movesHome = to is not null && from.Home;
        if (movesHome)
        {
            // First, since it may fail: a store that cannot be the home gets no data either.
            await _volume.MoveHomeAsync(to!.Number, (home, _) => Task.Run(() => _address.Write(home), CancellationToken.None), cancel);
        }

        foreach (Placement placement in changed)
        {
            await _volume.DefinePlacementAsync(placement, cancel);
        }

        StoreChange change = await DescribeAsync();
        var stages = new EmptyingProgress(change, _time);
        while (waits && !change.IsDone)
        {
            stages.Describe(change).ForEach(progress);
            await Task.Delay(Look, _time, cancel);
            change = await DescribeAsync();
        }

        return change;

        async Task<StoreChange> DescribeAsync()
        {
            long? toMove = _volume.GetStatus().ToMove?.Files; // Before what is counted now: what was moved meanwhile is counted as copied or too much.
            IReadOnlyList<StoreReport> stores = await StoreReporting.DescribeAsync(_volume, _time, cancel);
            long segments = stores.Sum(static store => store.Lacks.Segments);
            long bytes = stores.Sum(static store => store.Lacks.Bytes);
            return new StoreChange(
                stores.Single(store => store.Number == from.Number),
                to is null ? null : stores.Single(store => store.Number == to.Number),
                [.. movesHome ? [0u] : Array.Empty<uint>(), .. changed.Select(static placement => placement.Number)],
                new SegmentCount(segments, bytes),
                DescribePolicy(policy, name, movesHome ? to!.Name : null))
            {
                FilesToMove = toMove,
            };
        }
    }

    /// <summary>The stores of two names, of which the second may take the place of the first.</summary>
    /// <exception cref="CommandException">There is no such store, or rules forbid it.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<(StoreReport From, StoreReport To)> CheckMigrationAsync(string name, string target, CancellationToken cancel)
    {
        StoreReport from = await FindAsync(name, cancel);
        StoreReport to = await FindAsync(target, cancel);
        Migrate(from, to, [.. _volume.Placements.Where(placement => placement.Number != 0 && from.Placements.Contains(placement.Number))], await ReadPolicyAsync(cancel));
        return (from, to);
    }

    /// <summary>Takes a store away that nothing is in and no placement names.</summary>
    /// <exception cref="CommandException">There is no such store, or something is in it.</exception>
    /// <exception cref="VolumeException">Something came into it meanwhile.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    public async Task<StoreRemoval> RemoveAsync(string name, CancellationToken cancel)
    {
        StoreReport store = await FindAsync(name, cancel);
        string? why = store.Home ? "it is the volume's home, where change stream and key ring are"
            : store.Placements.Count > 0 ? $"placement {string.Join(", ", store.Placements)} names it"
            : !store.IsEmpty ? $"{store.Has.Segments} segments are in it, and {store.Condemned.Segments} that wait to be deleted"
            : null;
        return why is null
            ? await _volume.RemoveStoreAsync(store.Number, cancel)
            : throw new CommandException(
                ExitCode.Refused, $"remove the store {name}: {why}", "'hipaafs store drain' or 'store migrate' empties it; 'store status' shows how far that is.");
    }

    /// <summary>Takes a store away that does not come back, with what is in it: every placement that names it goes on without it, and what other stores have is copied from those.</summary>
    /// <param name="name">The store.</param>
    /// <param name="isConfirmed">Whether what is lost may be lost; else it is only counted.</param>
    /// <param name="cancel">Ends it; it is done again.</param>
    /// <exception cref="CommandException">There is no such store, it answers, rules forbid it, or it is not confirmed.</exception>
    /// <exception cref="VolumeException">The store came back meanwhile.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    public async Task<StoreForgotten> ForgetAsync(string name, bool isConfirmed, CancellationToken cancel)
    {
        StoreReport store = await FindAsync(name, cancel);
        string action = $"forget the store {name}";
        if (store.Home)
        {
            throw new CommandException(
                ExitCode.Refused, $"{action}: it is the volume's home, where change stream and key ring are", "Unmount the volume; 'hipaafs store home VOLUME NAME' makes a mirror the home. Without one 'hipaafs restore' makes the volume again from another copy of it.");
        }

        StoreLoss loss = await _volume.DescribeLossAsync(store.Number, cancel);
        if (loss.Answers)
        {
            throw new CommandException(ExitCode.Refused, $"{action}: it answers", "'hipaafs store drain' or 'store migrate' empties it and loses nothing.");
        }

        LoadedPolicy? policy = await ReadPolicyAsync(cancel);
        IReadOnlyList<Placement> changed = Drain(store, [.. _volume.Placements.Where(placement => placement.Number != 0 && store.Placements.Contains(placement.Number))], action);
        if (!isConfirmed)
        {
            throw new CommandException(
                ExitCode.Refused,
                loss.LostSegments == 0
                    ? $"{action}: {loss.Segments} segments are in it, and all that is needed of them is elsewhere; --yes is not given"
                    : $"{action}: {CountText.Format(loss.LostSegments, "segment")}, {ByteSize.Format(loss.LostBytes)}, {(loss.LostSegments == 1 ? "is" : "are")} nowhere else, and data of {CountText.Format(loss.LostFiles, "file")} would be lost with {(loss.LostSegments == 1 ? "it" : "them")}; --yes is not given",
                "If it can come back, wait for it, or mount with the credentials that it needs. If not, --yes forgets it for good."
                + (loss.CachedFiles.Count == 0 ? "" : " Before that copy the files below, as with cp(1): data of them that is lost is in this machine's cache. 'find MOUNTPOINT -inum INODE' shows their names."))
            {
                Problems = [.. loss.CachedFiles.Select(static inode => string.Create(CultureInfo.InvariantCulture, $"inode {inode} has lost data in the cache"))],
            };
        }

        foreach (Placement placement in changed)
        {
            await _volume.DefinePlacementAsync(placement, cancel);
        }

        await _volume.ForgetStoreAsync(store.Number, cancel);
        return new StoreForgotten(loss, [.. changed.Select(static placement => placement.Number)], DescribePolicy(policy, name));
    }

    private List<Placement> Migrate(StoreReport from, StoreReport to, Placement[] placements, LoadedPolicy? policy)
    {
        if (from.Home && _address.Problem is { } problem)
        {
            throw new CommandException(
                ExitCode.Refused, $"migrate the store {from.Name} to {to.Name}: {problem}", $"Have {VolumeFile.Name} say it, mount the volume without the other, and run the command again.");
        }

        return Migrate(from, to, placements, from.Home ? _volume.Placements : placements, policy);
    }

    private static List<Placement> Drain(StoreReport from, Placement[] placements, string action)
    {
        var changed = new List<Placement>();
        var stuck = new List<uint>();
        foreach (Placement placement in placements)
        {
            if (PlacementChange.Without(placement, from.Number) is { } without)
            {
                changed.Add(without);
            }
            else
            {
                stuck.Add(placement.Number);
            }
        }

        return stuck.Count == 0 && !from.Home
            ? changed
            : throw new CommandException(
                ExitCode.Refused,
                from.Home
                    ? $"{action}: it is the volume's home, where change stream and key ring are and what no rule places goes"
                    : $"{action}: it is the only store of placement {string.Join(", ", stuck)}",
                $"'hipaafs store migrate MOUNTPOINT {from.Name} OTHER' puts another store in its place, or apply a policy in which its directories have others.");
    }

    // The home has the names of everything, so that it must be where all may be that have a border.
    private static List<Placement> Migrate(StoreReport from, StoreReport to, Placement[] placements, IReadOnlyList<Placement> bordered, LoadedPolicy? policy)
    {
        string action = $"migrate the store {from.Name} to {to.Name}";
        if (from.Number == to.Number)
        {
            throw new CommandException(ExitCode.Usage, $"{action}: they are one store", "Name another one.");
        }

        // What lies in a placement may be of any of its directories, and of former ones.
        if (policy?.Document.FindStore(to.Name) is not { HasBaa: true } && policy?.Document.FindStore(from.Name) is not { HasBaa: false })
        {
            throw new CommandException(
                ExitCode.Refused,
                $"{action}: by the policy applied last {to.Name} has no 'baa:', and {from.Name} may hold protected health information",
                "Say under which agreement it may hold that, and apply the policy; or place the directories that hold none with 'hipaafs policy apply'.");
        }

        Placement[] outside = [.. bordered.Where(placement => placement.Border.Length > 0 && !placement.Border.Split(',').Contains(to.Region))];
        return outside.Length == 0
            ? [.. placements.Select(placement => PlacementChange.Replace(placement, from.Number, to.Number))]
            : throw new CommandException(
                ExitCode.Refused,
                $"{action}: {to.Name} is in {to.Region}, and placement {string.Join(", ", outside.Select(static placement => placement.Number))} may be in {string.Join("; ", outside.Select(static placement => placement.Border).Distinct())} only",
                "Choose a store in those regions.");
    }

    private async Task<LoadedPolicy?> ReadPolicyAsync(CancellationToken cancel) => await _volume.ReadPolicyAsync(cancel) is { } text
        ? PolicyFile.Parse(text, "policy", DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime))
        : null;

    private static string? DescribePolicy(LoadedPolicy? policy, string name, string? home = null)
    {
        if (policy is null)
        {
            return null;
        }

        string[] notes =
        [
            .. RuleDirectory.Of(policy.Document).SelectMany(static directory => directory.Patterns.Prepend(directory.Policy)).Any(one => Names(one, name))
                ? [$"the policy applied last still places data in {name}: change that before it is applied again, which would bring the data back"]
                : Array.Empty<string>(),
            .. home is not null && policy.Document.MetadataStores?.Any(store => store.Value == home) == false
                ? [$"the policy applied last does not name {home} in 'metadata: stores:', without which it cannot be applied again"]
                : Array.Empty<string>(),
        ];
        return notes.Length == 0 ? null : string.Join("; ", notes);
    }

    private static bool Names(EffectivePolicy policy, string store) =>
        policy.Primary == store || policy.Replicas.Any(replica => replica.Value.Store.Value == store);
}
