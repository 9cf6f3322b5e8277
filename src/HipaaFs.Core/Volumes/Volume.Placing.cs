using HipaaFs.Collection;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Spending;
using HipaaFs.Storage;
using HipaaFs.Transitions;

namespace HipaaFs.Volumes;

// Where data goes.
public sealed partial class Volume
{
    /// <summary>How long a copy that no placement wants any more is kept at least after the others are published.</summary>
    public static TimeSpan CopyGrace => SegmentCollector.Grace;

    /// <summary>Makes a further store known: one that is empty, or this volume's already. It gets the mark of the volume, this session's claim and a number.</summary>
    /// <exception cref="VolumeException">It cannot be; nothing but its mark is changed.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    public async Task<RegisteredStore> RegisterStoreAsync(string name, StoreUrl url, string region, CancellationToken cancel)
    {
        RegisteredStore registered = await Writing.Registration.RegisterAsync(name, url, region, cancel);
        Writing.Replicator.Wake();
        return registered;
    }

    /// <summary>Defines a placement, the next number or one that is there. What a store lacks by it is copied in the background, and what is in segments of a placement that then has other stores is moved.</summary>
    /// <exception cref="VolumeException">It makes no sense.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    public async Task DefinePlacementAsync(Placement placement, CancellationToken cancel)
    {
        await Writing.Registration.DefineAsync(placement, cancel);
        Writing.Replicator.Wake();
        Writing.Mover.Wake(); // Data of files of one placement in segments of another stays there only as long as both have the same stores.
    }

    /// <summary>
    /// Gives a directory and everything below it a placement: what is made there inherits it from then on, and what is there has it on return. Data that is elsewhere stays there until it is moved.
    /// Asked again it does what is left; of a volume that is closed meanwhile too.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <param name="placement">The placement. Files whose names match one of its patterns get what that says.</param>
    /// <param name="except">Directories that are left alone with everything below them.</param>
    /// <param name="progress">Told how far it is; null when nobody asks.</param>
    /// <param name="cancel">Ends it; what is done stays done.</param>
    /// <returns>What was done. InvalidArgument: there is no such placement; NotADirectory, NotFound; what the metadata failed of else.</returns>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<FsResult<AssignmentProgress>> AssignPlacementAsync(
        InodeId directory, uint placement, IReadOnlySet<InodeId> except, IProgress<AssignmentProgress>? progress, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        return Ask(
            async ends =>
            {
                try
                {
                    return await writer.Assignment.RunAsync(directory, placement, except, progress, ends);
                }
                finally
                {
                    writer.Mover.Wake(); // Also for what was done before it was cut off.
                }
            },
            cancel);
    }

    /// <summary>Counts the files that are old enough at a moment for a step of their placement, and has them take it if asked to; their data follows in the background.</summary>
    /// <param name="asOf">The moment.</param>
    /// <param name="countsOnly">Whether nothing is to happen.</param>
    /// <param name="cancel">Ends it; what is done stays done.</param>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<IReadOnlyList<TransitionCount>> TransitionAsync(DateTimeOffset asOf, bool countsOnly, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        return Ask(
            async ends =>
            {
                IReadOnlyList<TransitionCount> counts = await writer.Transitions.RunAsync(asOf, countsOnly, ends);
                if (!countsOnly)
                {
                    writer.Mover.WakeOutsideWindows(); // They are asked for now.
                }

                return counts;
            },
            cancel);
    }

    /// <summary>What was asked of each store today and in this month, by number: by this machine's mounts.</summary>
    /// <exception cref="InvalidOperationException">The volume takes no changes, and counts nothing.</exception>
    public IReadOnlyList<StoreSpending> DescribeSpending() => Writing.Spending.Describe();

    /// <summary>
    /// Asked once a minute, with what <see cref="DescribeSpending"/> says, which stores are not asked for what any more. An <see cref="IOException"/> leaves it as it is. Set by who knows prices and budgets.
    /// </summary>
    public Func<IReadOnlyList<StoreSpending>, CancellationToken, ValueTask<IReadOnlyDictionary<int, SpendingStop>>>? JudgeSpending
    {
        set
        {
            if (_parts.Writer is { } writer)
            {
                writer.Spending.Judge = value;
            }
        }
    }

    /// <summary>The stores, without those that were taken away.</summary>
    public IReadOnlyList<RegisteredStore> Stores => [.. _parts.Stores.Active.Select(static member => member.Registered)];

    /// <summary>When files change their placement by age, and how fast data is moved.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public ValueTask<TransitionSettings> ReadTransitionSettingsAsync(CancellationToken cancel) => TransitionSettings.ReadAsync(_parts.Metadata, cancel);

    /// <summary>Keeps when files change their placement by age, and how fast data is moved. Durable on return.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    public async Task WriteTransitionSettingsAsync(TransitionSettings settings, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        await settings.WriteAsync(_parts.Metadata, _parts.Clock, cancel);
        writer.Mover.Wake(); // What waits for a window may be due now.
    }

    /// <summary>What is not where its placement says, counted now, which looks at every extent.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<Misplacement> DescribeMisplacedAsync(CancellationToken cancel) => Ask(
        async ends =>
        {
            if (!FileSystem.IsReadOnly)
            {
                await _parts.Metadata.MakeDurableAsync(_parts.Metadata.Applied, ends); // It looks at what is committed.
            }

            return await Misplacement.CountAsync(_parts.Metadata, _parts.Stores.Placements, ends);
        },
        cancel);

    /// <summary>Number of the volume's home: the store that has change stream, key ring and the claims that fence.</summary>
    public int HomeStore => _parts.Stores.Home.Number;

    /// <summary>Numbers of the stores that have change stream and key ring: the home, then the mirrors that they are copied to.</summary>
    public IReadOnlyList<int> MetadataStores => [HomeStore, .. _parts.Stores.Mirrors.Select(static mirror => mirror.Number)];

    /// <summary>Numbers of the stores that had them and may still have something of them, which is deleted.</summary>
    public IReadOnlyList<int> FormerMetadataStores => [.. _parts.Stores.FormerMirrors.Select(static former => former.Number)];

    /// <summary>
    /// Makes another store the volume's home while it is used: change stream and key ring are copied there and go there from then on, and so does what no rule places. The former home gets copies of them
    /// (<see cref="MetadataStores"/>) until it is removed. Asked again it does what is left.
    /// </summary>
    /// <param name="number">The store.</param>
    /// <param name="point">Has the volume opened with that address from then on, durably; called once everything is there. When it throws, the home stays where it was.</param>
    /// <param name="cancel">Ends it. Cut off at any point, the volume can be opened with the address that it has then.</param>
    /// <exception cref="VolumeException">There is no such store, or one of the two does not answer: the home stays where it was.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public async Task MoveHomeAsync(int number, Func<StoreUrl, CancellationToken, Task> point, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        var move = new HomeMove(_parts.Stores, _parts.Store, writer.Registration, writer.Publisher, writer.Mirror)
        {
            MendRing = ends => VolumeRing.ScrubAsync(_parts.Ring, _parts.Options.Directory, _parts.Store, writer.Fence, _logger, ends),
        };
        await Ask(
            async ends =>
            {
                await move.RunAsync(number, point, ends);
                return true;
            },
            cancel);
        writer.Replicator.Wake();
        writer.Mover.Wake();
    }

    /// <summary>Has change stream and key ring copied to stores beside the home, and to no others from then on.</summary>
    /// <exception cref="VolumeException">There is no such store.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    public Task MirrorMetadataAsync(IReadOnlyList<int> stores, CancellationToken cancel) => Writing.Registration.MirrorAsync(stores, cancel);

    /// <summary>The placements; the number of each is its place.</summary>
    public IReadOnlyList<Placement> Placements => _parts.Stores.Placements.Numbered;

    /// <summary>Takes a store away that nothing is in and no placement names. Its number is given to no other.</summary>
    /// <exception cref="VolumeException">Something is in it, a placement names it, it is the volume's home, or there is no such store.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing; what is left in it may not have been looked for.</exception>
    public Task<StoreRemoval> RemoveStoreAsync(int number, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        return Ask(ends => writer.Registration.RemoveAsync(number, writer.Mirror.ClearAsync, new StoreSweep(_parts.Metadata, writer.Fence).RunAsync, ends), cancel);
    }

    /// <summary>What would be lost with a store.</summary>
    /// <exception cref="VolumeException">There is no such store.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing.</exception>
    public Task<StoreLoss> DescribeLossAsync(int number, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        return Ask(ends => writer.Registration.CountLossAsync(number, LostStore(writer).CountAsync, ends), cancel);
    }

    /// <summary>
    /// Takes a store away that is lost with all that is in it. What it had and other stores have is copied from those where their placements want more; what it alone had is lost, but for what the
    /// cache of this machine has whole.
    /// </summary>
    /// <exception cref="VolumeException">A placement names it, it answers, it is the volume's home, or there is no such store.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the volume is closing: it is done again.</exception>
    public async Task ForgetStoreAsync(int number, CancellationToken cancel)
    {
        VolumeWriter writer = Writing;
        await Ask(
            async ends =>
            {
                await writer.Registration.ForgetAsync(number, LostStore(writer).StrikeAsync, ends);
                return true;
            },
            cancel);
        writer.Replicator.Wake();
    }

    /// <summary>What each store has and should have, counted now, by number; those that were removed are left out.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<IReadOnlyList<StoreContents>> DescribeStoresAsync(CancellationToken cancel)
    {
        MetadataResult<CopyTotals> totals = await _parts.Metadata.SumCopiesAsync(cancel);
        return totals.Succeeded
            ? [.. _parts.Stores.Active.Select(member => StoreContents.Of(member, _parts.Stores.Placements, totals.Value))]
            : throw new IOException($"count what stores have: {totals.Error}");
    }

    /// <summary>Counts the segments that a store lacks and that can be copied from nowhere now: they are in archives only, or no store has them any more.</summary>
    /// <exception cref="InvalidOperationException">The volume takes no changes.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public async Task<long> CountOutOfReachAsync(int store, CancellationToken cancel) =>
        _parts.Stores.Find(store) is { IsRemoved: false } member ? await Writing.Replicator.CountOutOfReachAsync(member, cancel) : 0;

    private LostStore LostStore(VolumeWriter writer) => new(_parts.Metadata, _parts.Stores, _parts.Cache, writer.Replication, _parts.Clock);

    private VolumeWriter Writing => _parts.Writer is { } writer && !FileSystem.IsReadOnly
        ? writer
        : throw new InvalidOperationException("the volume takes no changes");
}
