using HipaaFs.Archives;
using HipaaFs.Cache;
using HipaaFs.ChangeStream;
using HipaaFs.Collection;
using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Dirty;
using HipaaFs.Handles;
using HipaaFs.Memory;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Names;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using HipaaFs.Snapshots;
using HipaaFs.Spending;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Transitions;
using HipaaFs.Trash;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Volumes;

/// <summary>Opens a volume, step by step: (1) lock; (2) keys; (3) store; (4) metadata; (5) session; (6) what the last session left; (7) the file system.</summary>
/// <remarks>Used once. What was opened is closed again when a later step fails.</remarks>
internal sealed partial class VolumeOpening
{
    private const long Pebibyte = 1L << 50;

    // What a mirror that does not answer costs every mount.
    private static readonly TimeSpan MirrorPatience = TimeSpan.FromSeconds(5);

    private readonly VolumeOptions _options;
    private readonly VolumeMode _mode;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Stack<IAsyncDisposable> _opened = new();
    private Snapshot? _shown;

    internal VolumeOpening(VolumeOptions options, VolumeMode mode, ILoggerFactory loggers, TimeProvider time)
    {
        _options = options;
        _mode = mode;
        _loggers = loggers;
        _logger = loggers.CreateLogger("HipaaFs.Core");
        _time = time;
    }

    /// <summary>Opens the store in place of its URL's adapter; null opens the URL. For tests, whose stores fail when told to.</summary>
    internal Func<MeteringObjectStore>? OpenStore { get; init; }

    /// <summary>Opens the store of a number in place of its URL's adapter; null opens the URL. For tests.</summary>
    internal Func<int, MeteringObjectStore>? OpenMember { get; init; }

    /// <summary>See <see cref="FileSystemParts.CookieShift"/>.</summary>
    internal int CookieShift { get; init; } = 2;

    /// <summary>Fails staging's disk when a test says so.</summary>
    internal DiskFault? StagingFault { get; init; }

    /// <summary>Puts a store of rows that fails when a test says so in front of the volume's; null leaves it alone.</summary>
    internal Func<IMetadataStore, IMetadataStore>? InterposeMetadata { get; init; }

    private bool IsReadOnly => _mode == VolumeMode.ReadOnly;

    /// <summary>Opens the volume.</summary>
    internal async Task<Volume> RunAsync(IKeyWrapper key, CancellationToken cancel)
    {
        try
        {
            return await OpenAsync(key, cancel);
        }
        catch (Exception exception)
        {
            while (_opened.TryPop(out IAsyncDisposable? part))
            {
                await part.DisposeAsync();
            }

            if (exception is UnauthorizedAccessException or IOException)
            {
                throw new VolumeException(
                    DiskFailure(exception), $"open volume '{_options.Directory}': {exception.Message}", "check the permissions and the free space of its directories; 'hipaafs fsck' says whether its database is damaged", exception);
            }

            throw;
        }
    }

    private static VolumeFailure DiskFailure(Exception exception) =>
        exception is IOException io && DiskErrors.Classify(io) == FsError.NoSpace ? VolumeFailure.NoSpace : VolumeFailure.Io;

    private async Task<Volume> OpenAsync(IKeyWrapper key, CancellationToken cancel)
    {
        VolumeRing.Read(_options.Directory);
        VolumeDirectory.RefuseNetwork(_options.Directory);
        var holder = new SessionHolder(Environment.MachineName, Environment.ProcessId, 0, _time.GetUtcNow());
        FileLock volumeLock = VolumeDirectory.Lock(_options.Directory, holder); // Step 1
        _opened.Push(new Disposer(volumeLock));
        KeyRing ring = await VolumeRing.UnlockAsync(_options.Directory, _options.VolumeId, key, cancel); // Step 2
        _opened.Push(new Disposer(ring));
        var store = new HomeStore(OpenStore?.Invoke() ?? VolumeStore.Open(_options.Stores, _options.Store, create: false, _loggers, _time)); // Step 3
        _opened.Push(store);
        bool isStoreKnown = await VolumeStore.IdentifyAsync(store, _options.Store, _options.VolumeId, cancel) is null;
        if (isStoreKnown)
        {
            KeyRing newer = await VolumeRing.ReconcileAsync(ring, _options, store, key, _mode, _logger, cancel);
            if (newer != ring)
            {
                _opened.Push(new Disposer(newer));
                ring = newer;
            }
        }

        StagingOwner stagingOwner = StagingOwner.Acquire(_options.Staging.Directory, _options.Directory, _options.VolumeId);
        _opened.Push(new Disposer(stagingOwner));
        var staging = new StagingArea(_options.Staging);
        MemoryBudget budget = MemoryBudget.For(_options.MemoryBytes, MemoryLimit.Detect().Bytes);
        IMetadataStore metadata = OpenMetadata(budget); // Step 4
        metadata = InterposeMetadata?.Invoke(metadata) ?? metadata;
        _opened.Push(metadata);
        int home = await FindHomeAsync(metadata, cancel);
        var names = new VolumeNames(ring);
        _opened.Push(new Disposer(names));
        if (_options.JudgePolicy is { } judge && await PolicySetting.ReadAsync(metadata, names, cancel) is { } policy)
        {
            judge(policy);
        }

        SessionFence? fence = IsReadOnly ? null : await OpenSessionAsync(metadata, store, home, ring, holder, isStoreKnown, cancel); // Step 5
        var clock = new SessionClock(fence?.Session ?? default, _time);
        volumeLock.Describe((holder with { Session = clock.Session.Value }).ToJson());
        VolumeStores stores = await OpenMembersAsync(store, home, metadata, names, fence, clock, cancel);
        var recalls = new RecallTable(_time);
        await RecallSettings.ReadAsync(metadata, recalls, cancel);
        var source = new SegmentSource(stores, metadata, recalls, _time);
        FrameCache cache = OpenCache(source, budget);
        _opened.Push(new Disposer(cache));
        var missing = new MissingSegments(staging, metadata, stores, clock, _logger);
        var recovery = new StagingRecovery(staging, metadata, cache, missing, _time, _logger); // Step 6
        await recovery.RunAsync(IsReadOnly, cancel);
        if (!IsReadOnly)
        {
            await ReleaseOrphansAsync(metadata, clock, cancel);
        }

        var catalog = new SnapshotCatalog(metadata, names, clock);
        IMetadataView shown = await FindShownAsync(metadata, catalog, cancel);
        VolumeParts parts = Assemble(volumeLock, ring, store, stores, recalls, source, metadata, names, catalog, shown, cache, staging, stagingOwner, missing, budget, clock, fence); // Step 7
        if (parts.Writer is not null)
        {
            await parts.Writer.Publisher.ReadRecoveryPointAsync(cancel);
            await parts.FileSystem.Quotas.LoadAsync(cancel);
        }

        var volume = new Volume(parts, _logger) { Shown = _shown };
        volume.Start(recovery);
        return volume;
    }

    // The live state, or the snapshot that the mount was asked to show.
    private async Task<IMetadataView> FindShownAsync(IMetadataStore metadata, SnapshotCatalog catalog, CancellationToken cancel)
    {
        if (_options is { ShownSnapshot: null, ShownTime: null })
        {
            return metadata;
        }

        if (!IsReadOnly)
        {
            throw new VolumeException(VolumeFailure.Configuration, "show a snapshot: the volume is opened for writing", "open it read-only");
        }

        FsResult<Snapshot> found = _options.ShownSnapshot is { } name
            ? await catalog.FindAsync(name, cancel)
            : await catalog.FindAtAsync(_options.ShownTime!.Value, cancel);
        if (!found.IsOk)
        {
            throw new VolumeException(
                found.Error == FsError.NotFound ? VolumeFailure.NotFound : VolumeFailure.Integrity,
                found.Error == FsError.NotFound ? "show a snapshot: there is none of that name or time" : $"show a snapshot: {found.Error}",
                "'hipaafs snapshot list' on a mount of the volume names them");
        }

        _shown = found.Value;
        return metadata.OpenSnapshot(_shown.Id);
    }

    private SqliteMetadataStore OpenMetadata(MemoryBudget budget)
    {
        var options = new SqliteMetadataOptions
        {
            Directory = _options.Directory,
            BallastPath = IsReadOnly ? null : VolumeDirectory.BallastPath(_options.Directory),
            CacheBytes = budget.MetadataBytes,
            ReadOnly = IsReadOnly,
            MustExist = true,
        };
        return VolumeDirectory.OpenMetadata(options, _loggers, _time);
    }

    private async Task<SessionFence> OpenSessionAsync(
        IMetadataStore metadata, IObjectStore store, int home, KeyRing ring, SessionHolder holder, bool isStoreKnown, CancellationToken cancel)
    {
        MetadataResult<RollbackCheck> check = await RollbackCheck.PrepareAsync(store, home, ring, _options, metadata, cancel);
        if (!check.Succeeded)
        {
            throw CannotOpenSession(check.Error);
        }

        isStoreKnown = isStoreKnown && await RefuseRollbackAsync(check.Value, store, cancel);
        ulong newest = 0;
        if (isStoreKnown)
        {
            StoreResult<ulong> found = await SessionFence.FindNewestAsync(store, cancel);
            newest = found.Succeeded ? found.Value : 0;
        }

        // Whoever restored the volume from a mirror may not have reached the home. One that does not answer soon keeps nobody from mounting: it is looked at again once it does.
        foreach ((ulong session, SessionHolder? there) in await FindNewestInMirrorsAsync(metadata, home, cancel))
        {
            if (check.Value.IsBehind(session, there))
            {
                throw OtherIsNewer(SessionFence.Describe(there));
            }

            newest = Math.Max(newest, session);
        }

        while (true)
        {
            var opening = new SessionOpening
            {
                AtLeast = new SessionId(newest + 1),
                Host = holder.Host,
                ProcessId = holder.ProcessId,
                Now = Timestamp.FromDateTimeOffset(_time.GetUtcNow()),
            };
            MetadataResult<Applied<SessionRow>> opened = await metadata.OpenSessionAsync(opening, cancel);
            if (!opened.Succeeded)
            {
                throw CannotOpenSession(opened.Error);
            }

            // A claim in the store that the volume forgot in a power cut would look like another's.
            MetadataResult<CommitSequence> durable = await metadata.MakeDurableAsync(opened.Value.Sequence, cancel);
            if (!durable.Succeeded)
            {
                throw CannotOpenSession(durable.Error);
            }

            SessionId session = opened.Value.Value.Id;
            var fence = new SessionFence(store, session, holder with { Session = session.Value }, _time, _logger)
            {
                Check = isStoreKnown ? null : check.Value,
            };
            StoreError claimed = isStoreKnown ? await fence.TryClaimAsync(cancel) : StoreError.Unavailable;
            if (claimed != StoreError.AlreadyExists)
            {
                return fence; // Without an answer the claim is made later, and no upload before it.
            }

            fence.Dispose();
            newest = session.Value;
        }
    }

    private VolumeException CannotOpenSession(MetadataError error) => new(
        error == MetadataError.NoSpace ? VolumeFailure.NoSpace : VolumeFailure.Io,
        $"open a session of volume '{_options.Directory}': {error}",
        "make room on the disk of the volume, and check it");

    // False when the store stopped answering, which delays the question.
    private async Task<bool> RefuseRollbackAsync(RollbackCheck check, IObjectStore store, CancellationToken cancel)
    {
        StoreResult<RollbackFinding> found = await check.RunAsync(own: 0, cancel);
        if (!found.Succeeded)
        {
            return false;
        }

        switch (found.Value)
        {
            case RollbackFinding.StoreIsOlder:
                throw new VolumeException(
                    VolumeFailure.Integrity,
                    $"open volume '{_options.Directory}' for writing: its store {_options.Store} lacks what the volume has published: it was put back to an older state, or lost objects",
                    "find out who changed the store. Bring the newer objects back; or mount with -o accept_older_store, which publishes everything again; or mount with -o ro");
            case RollbackFinding.CopyIsOlder:
                throw new VolumeException(
                    VolumeFailure.Refused,
                    $"open volume '{_options.Directory}' for writing: it was put back to an older state than it has published",
                    "'hipaafs restore' makes the newest state again in another directory; this one can be read with -o ro, and -o take_over makes it the newest");
            case RollbackFinding.OtherIsNewer:
                StoreResult<ulong> newest = await SessionFence.FindNewestAsync(store, cancel);
                throw OtherIsNewer(newest.Succeeded ? await SessionFence.DescribeHolderAsync(store, StoreLayout.Session(newest.Value), cancel) : "another");
            case RollbackFinding.SegmentsAreGone:
                throw new VolumeException(
                    VolumeFailure.Refused,
                    $"open volume '{_options.Directory}' for writing: since it was restored {check.Deleted} of its segments were deleted from store {_options.Store} by whoever has the volume",
                    "restore it again, into another directory; -o take_over opens this one without them");
            case RollbackFinding.StoreIsAnothers:
                return false; // It was this volume's a moment ago: it is asked again before the claim.
            default:
                return true;
        }
    }

    private VolumeException OtherIsNewer(string holder) => new(
        VolumeFailure.Refused,
        $"open volume '{_options.Directory}' for writing: another copy of it, of {holder}, was opened since and is the newest now",
        "mount that one. If it is lost, 'hipaafs restore' makes its last published state again in another directory; what only this copy has can be read with -o ro, and -o take_over makes it the newest");

    // The highest session that each mirror has seen, and who claimed it.
    private async Task<List<(ulong Session, SessionHolder? Holder)>> FindNewestInMirrorsAsync(IMetadataStore metadata, int home, CancellationToken cancel)
    {
        var newest = new List<(ulong Session, SessionHolder? Holder)>();
        try
        {
            IReadOnlyList<int> mirrors = await PlacementSettings.ReadMetadataStoresAsync(metadata, cancel);
            IReadOnlyList<RegisteredStore> known = mirrors.Any(number => number != home) ? await PlacementSettings.ReadStoresAsync(metadata, home, _options.Store, cancel) : [];
            foreach (RegisteredStore mirror in known.Where(store => store.Number != home && store is { IsRemoved: false, Problem: null } && mirrors.Contains(store.Number)))
            {
                newest.Add(await FindNewestInAsync(mirror, cancel));
            }
        }
        catch (IOException)
        {
            // Opening the stores fails of that too, and says so.
        }

        return newest;
    }

    private async Task<(ulong Session, SessionHolder? Holder)> FindNewestInAsync(RegisteredStore mirror, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(MirrorPatience, _time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            var url = StoreUrl.Parse(mirror.Url);
            await using MeteringObjectStore store = OpenMember?.Invoke(mirror.Number) ?? VolumeStore.Open(_options.Stores, url, create: false, _loggers, _time);
            StoreResult<ulong> newest = await VolumeStore.IdentifyAsync(store, url, _options.VolumeId, ends.Token) is { } failure
                ? failure
                : await SessionFence.FindNewestAsync(store, ends.Token);
            return newest is { Succeeded: true, Value: > 0 } ? (newest.Value, await SessionFence.FindHolderAsync(store, StoreLayout.Session(newest.Value), ends.Token)) : default;
        }
        catch (VolumeException)
        {
            return default; // Gone, or another's: told once the stores are opened.
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return default;
        }
    }

    private async Task<int> FindHomeAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        try
        {
            return await PlacementSettings.FindHomeAsync(metadata, _options.Store, cancel);
        }
        catch (IOException exception) when (IsReadOnly)
        {
            LogSettingsUnreadable(_logger, exception.Message);
            return 0;
        }
        catch (IOException exception)
        {
            throw SettingsUnreadable(exception);
        }
    }

    // One that cannot be opened keeps nobody from mounting: its segments have other copies, or are read when it is back.
    private async Task<VolumeStores> OpenMembersAsync(
        HomeStore store, int home, IMetadataStore metadata, VolumeNames names, SessionFence? fence, SessionClock clock, CancellationToken cancel)
    {
        IReadOnlyList<RegisteredStore> known = [new RegisteredStore { Name = RegisteredStore.Unnamed, Url = _options.Store.ToString() }];
        IReadOnlyList<Placement?> placements = [];
        IReadOnlyList<int> mirrors = [];
        IReadOnlyList<int> formerMirrors = [];
        try
        {
            known = await PlacementSettings.ReadStoresAsync(metadata, home, _options.Store, cancel);
            placements = await PlacementSettings.ReadPlacementsAsync(metadata, names, cancel);
            mirrors = await PlacementSettings.ReadMetadataStoresAsync(metadata, cancel);
            formerMirrors = await PlacementSettings.ReadFormerMetadataStoresAsync(metadata, cancel);
        }
        catch (IOException exception) when (IsReadOnly)
        {
            LogSettingsUnreadable(_logger, exception.Message);
            home = home < known.Count ? home : 0;
        }
        catch (IOException exception)
        {
            throw SettingsUnreadable(exception);
        }

        StoreClaims? claims = fence is null ? null : new StoreClaims(metadata, clock, _options.AcceptOlderStore);
        var stores = new VolumeStores(
            [.. known.Select(other => other.Number == home
                ? MakeMember(other, _options.Store, store, fence, claims).Opened(store.Store)
                : MakeMember(other, other.Problem is null ? StoreUrl.Parse(other.Url) : null, store, fence, claims))],
            new PlacementTable(home, placements));
        stores.SetMirrors(mirrors, formerMirrors);
        _opened.Push(stores);
        foreach (MemberStore member in stores.Active.Where(static member => !member.IsHome))
        {
            await member.TryOpenAsync(cancel);
        }

        if (fence is not null)
        {
            await PlacementSettings.SettleHomeAsync(metadata, clock, stores, cancel);
        }

        for (uint number = 1; number < stores.Placements.Count; number++)
        {
            if (stores.Placements.Find(number) is null)
            {
                LogPlacementUnknown(_logger, PlacementSettings.PlacementKey(number));
            }
        }

        return stores;
    }

    private VolumeException SettingsUnreadable(IOException exception) => new(
        VolumeFailure.Io,
        $"open volume '{_options.Directory}' for writing: {exception.Message}",
        "'hipaafs fsck' says whether its database is damaged, 'hipaafs restore' makes it again in another directory; -o ro shows what the stores have that are known",
        exception);

    private MemberStore MakeMember(RegisteredStore store, StoreUrl? url, HomeStore home, SessionFence? fence, StoreClaims? claims) => new(
        store,
        url,
        _options.VolumeId,
        home,
        () => OpenMember?.Invoke(store.Number) ?? VolumeStore.Open(_options.Stores, url!, create: false, _loggers, _time),
        fence,
        claims,
        _time,
        _logger);

    private FrameCache OpenCache(SegmentSource source, MemoryBudget budget) =>
        FrameCache.TryOpen(_options.Cache, source, budget, _logger)
        ?? throw new VolumeException(
            VolumeFailure.HeldByAnother,
            $"open cache '{_options.Cache.Directory}': another process has it",
            "give each volume a cache directory of its own");

    private static async Task ReleaseOrphansAsync(IMetadataStore metadata, SessionClock clock, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<OrphanRow>> orphans = await metadata.ListOrphansAsync(clock.Session, cancel);
        if (!orphans.Succeeded)
        {
            return;
        }

        foreach (OrphanRow orphan in orphans.Value)
        {
            await metadata.ReleaseOrphanAsync(clock.NextOperation(), orphan.Inode, cancel);
        }
    }

    private VolumeParts Assemble(
        FileLock volumeLock,
        KeyRing ring,
        HomeStore store,
        VolumeStores stores,
        RecallTable recalls,
        SegmentSource source,
        IMetadataStore metadata,
        VolumeNames names,
        SnapshotCatalog catalog,
        IMetadataView shown,
        FrameCache cache,
        StagingArea staging,
        StagingOwner stagingOwner,
        MissingSegments missing,
        MemoryBudget budget,
        SessionClock clock,
        SessionFence? fence)
    {
        var pool = new PagePool(budget.DirtyBytes);
        var files = new FileTable(pool);
        var views = new SegmentViews(metadata, staging, cache, ring);
        var reader = new SegmentReader(views, cache, _logger);
        var snapshotViews = new ViewTable(metadata.OpenSnapshot);
        var viewReader = new ViewReader(shown, snapshotViews);
        SnapshotDirectoryMode directory = shown == metadata ? _options.SnapshotDirectory : SnapshotDirectoryMode.Off;
        var assignments = new AssignmentWatch();
        var archived = new ArchivedFiles(stores, metadata, viewReader, cache, recalls);
        VolumeWriter? writer = null;
        if (fence is not null)
        {
            var uploader = new Uploader(stores, ring, staging, cache, metadata, fence, clock, _time, _logger);
            var writers = new SegmentWriters(staging, metadata, ring, clock, _time, uploader.Enqueue) { Fault = StagingFault };
            var writeback = new Writeback(files, pool, staging, writers, metadata, clock, _time, _logger) { Placements = stores.Placements };
            var objects = new StreamObjectWriter(ring, store, staging.Directory) { Fault = StagingFault, HasRoomFor = staging.HasRoomFor };
            var repacker = new Repacker(metadata, reader, writers, staging, views, files, clock, _logger);
            var publisher = new ChangePublisher(metadata, writeback, repacker, uploader, missing, fence, clock, objects, store, _time, _logger)
            {
                Interval = _options.PublishInterval,
            };
            var replication = new SegmentReplication(stores, recalls, metadata, ring, cache, staging, fence, clock, _time, _logger);
            var collector = new SegmentCollector(metadata, stores, replication, staging, cache, views, publisher, fence, clock, _time, _logger)
            {
                Surplus = new SurplusRemoval(metadata, stores, publisher, fence, clock, _time, _logger),
            };
            var move = new SegmentMove(metadata, reader, writers, staging, uploader, collector, files, clock, _logger);
            var scattered = new ScatteredFiles(metadata, stores, staging, move, files, _time);
            var compactor = new Compactor(metadata, stores, source, staging, move, scattered, _time, _logger);
            var alarm = new RecoveryPointAlarm(publisher, _options.RecoveryPointLimit, _time, _logger);
            var unknown = new UnknownSegmentSweep(metadata, stores, publisher, fence, _time, _logger);
            var restore = new RestoreAudit(store, ring, _options.Directory, publisher, fence, _logger);
            var replicator = new Replicator(stores, replication, metadata, fence, _time, _logger);
            uploader.Incomplete = replicator.Wake;
            var registration = new StoreRegistration(
                stores, metadata, clock, names, _options.VolumeId, (registered, url) => MakeMember(registered, url, store, fence, new StoreClaims(metadata, clock, _options.AcceptOlderStore)));
            var mirror = new StreamMirror(stores, publisher, fence, staging.Directory, _time, _logger) { Cleared = registration.ForgetFormerMirrorAsync };
            var scrubber = new Scrubber(metadata, stores, replication, ring, cache, restore, new MirrorAudit(stores, mirror, ring, _logger), clock, _time, _logger);
            var mover = new PlacementMover(metadata, stores, source, staging, move, new SegmentRetier(metadata, stores, fence, clock, _logger), fence, _time, _logger);
            var assignment = new PlacementAssignment(metadata, names, files, stores.Placements, assignments, clock);
            var transitions = new TransitionScan(metadata, stores.Placements, assignment, files, mover, fence, _time, _logger);
            var spending = new SpendingLedger(stores, _options.Directory, _time, _logger);
            writer = new VolumeWriter(writeback, uploader, publisher, collector, compactor, repacker, fence, alarm, unknown, scrubber, replication, replicator, registration, assignment, mover, transitions)
            {
                Recaller = new Recaller(recalls, archived, stores, metadata, fence, clock, _time, _logger)
                {
                    Returned = () =>
                    {
                        replicator.Wake();
                        mover.Wake();
                    },
                    Asked = spending.CountNowAsync,
                },
                Mirror = mirror,
                Spending = spending,
            };
        }

        var fileSystem = new HipaaFileSystem(new FileSystemParts
        {
            Metadata = metadata,
            Names = names,
            Placements = stores.Placements,
            Assignments = assignments,
            View = viewReader,
            Views = snapshotViews,
            Snapshots = new SnapshotDirectory(catalog, snapshotViews, viewReader, directory),
            Reader = reader,
            Archived = archived,
            Recaller = writer?.Recaller,
            Tiers = writer is null ? null : new TierRequests(viewReader, stores.Placements, writer.Assignment, writer.Mover),
            Files = files,
            Pool = pool,
            Clock = clock,
            Time = _time,
            Writeback = writer?.Writeback,
            Staging = writer is null ? null : staging,
            Fenced = fence?.Fenced ?? default,
            Capacity = () => Capacity(metadata),
            CookieShift = CookieShift,
        });
        var snapshots = new VolumeSnapshots(catalog, metadata, names, fileSystem, writer, _logger);
        if (writer is not null)
        {
            var trashClock = new TrashClock(metadata, clock, _time, _logger);
            writer.Trash = new TrashKeeper(snapshots, trashClock, _options.TrashDays, _time, _logger);
            writer.Publisher.HeldPages = new HeldPages(_time, _logger)
            {
                AreThere = () => fileSystem.MayHaveHeldPages,
                ApplyAsync = () => fileSystem.ApplyAllAsync().AsTask(),
            };
        }

        return new VolumeParts
        {
            Options = _options,
            Time = _time,
            Lock = volumeLock,
            Ring = ring,
            Store = store,
            Stores = stores,
            Metadata = metadata,
            Cache = cache,
            Pins = new CachePins(cache, metadata, reader, _time, _logger),
            Staging = staging,
            StagingOwner = stagingOwner,
            Missing = missing,
            Views = views,
            Names = names,
            Pool = pool,
            Files = files,
            Clock = clock,
            FileSystem = fileSystem,
            Catalog = catalog,
            Snapshots = snapshots,
            Writer = writer,
        };
    }

    private (long Total, long Free) Capacity(IMetadataStore metadata)
    {
        long total = _options.CapacityBytes ?? Pebibyte;
        return (total, Math.Max(0, total - metadata.Usage.AllocatedBytes));
    }

    [LoggerMessage(627, LogLevel.Error, "Not all stores and placements of the volume are known ({Problem}): data that only others have cannot be read. 'hipaafs fsck' says whether its database is damaged; 'hipaafs restore' makes it again in another directory")]
    private static partial void LogSettingsUnreadable(ILogger logger, string problem);

    [LoggerMessage(628, LogLevel.Error, "The setting {Setting} makes no sense: a newer hipaafs may have written it, then use that one. Else apply the volume's policy again. Until then new data of that placement stays on this machine, and nothing of it is deleted from the stores")]
    private static partial void LogPlacementUnknown(ILogger logger, string setting);

    /// <summary>Lets one stack close everything.</summary>
    private sealed class Disposer(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
