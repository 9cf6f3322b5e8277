using HipaaFs.Cache;
using HipaaFs.Checking;
using HipaaFs.Core.Tests.Volumes;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Recovery;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Testing.Metadata;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests;

/// <summary>A volume of one test: its directories, its key, and the volume open on them.</summary>
internal sealed class TestVolume : IAsyncDisposable
{
    private readonly ScratchDirectory _scratch;
    private readonly TestVolumeOptions _options;
    private Volume? _volume;

    private TestVolume(ScratchDirectory scratch, TestVolumeOptions options, Guid id)
    {
        _scratch = scratch;
        _options = options;
        Id = id;
        StoreDirectory = scratch["store"];
        Log = new LogRecorder();
        FileSystem = null!;
    }

    /// <summary>Whether it opens although its store was put back.</summary>
    public bool AcceptsOlderStore { get; set; }

    /// <summary>Whether it is restored although another store has a newer state.</summary>
    public bool RestoresOlder { get; set; }

    /// <summary>Whether it opens although another copy is newer.</summary>
    public bool TakesOver { get; set; }

    /// <summary>What the volume has logged.</summary>
    public LogRecorder Log { get; }

    /// <summary>The volume's id.</summary>
    public Guid Id { get; }

    /// <summary>The open volume.</summary>
    public Volume Volume => _volume ?? throw new InvalidOperationException("the volume is closed");

    /// <summary>Its file system.</summary>
    public HipaaFileSystem FileSystem { get; private set; }

    /// <summary>The store that misbehaves when told to; the volume's store is behind it.</summary>
    public FaultingObjectStore Store { get; private set; } = null!;

    /// <summary>The further stores, by number, that misbehave when told to.</summary>
    public Dictionary<int, FaultingObjectStore> Members { get; } = [];

    /// <summary>Those of them that answer nothing from their opening on.</summary>
    public HashSet<int> DeadMembers { get; } = [];

    /// <summary>What the further stores that are registered as remote do wrong for who opens them without mounting the volume, by number.</summary>
    public Dictionary<int, StoreFault> MemberFaults { get; } = [];

    /// <summary>The storage classes of the stores that have them, by number.</summary>
    public Dictionary<int, ArchiveShelf> Shelves { get; init; } = [];

    /// <summary>What settings cannot be read, by the beginnings of their keys.</summary>
    public HashSet<string> UnreadableSettings { get; } = [];

    /// <summary>How staging's disk fails; null when it does not.</summary>
    public Func<int, int?>? StagingFault { get; set; }

    /// <summary>The rows, through what refuses changes when told to.</summary>
    public InterposedMetadataStore Rows { get; private set; } = null!;

    /// <summary>The snapshot that the next opening shows; null is the live state.</summary>
    public string? ShownSnapshot { get; set; }

    /// <summary>The time that the next opening shows; null is the live state.</summary>
    public DateTimeOffset? ShownTime { get; set; }

    public IKeyWrapper Key => new FileKeyWrapper(KeyPath);

    public string VolumeDirectory => _scratch["volume"];

    public string StoreDirectory { get; init; }

    /// <summary>Where the next opening stages; null is where the options say.</summary>
    public string? OtherStagingDirectory { get; set; }

    public string StagingDirectory => OtherStagingDirectory ?? _options.StagingDirectory ?? Path.Combine(VolumeDirectory, "staging");

    public string CacheDirectory => Path.Combine(VolumeDirectory, "cache");

    /// <summary>Number of the store whose address the next opening is given as the volume's home.</summary>
    public int Home { get; set; }

    public StoreUrl Url => Home == 0 ? StoreUrl.Parse("file://" + StoreDirectory) : RemoteUrl(Home);

    public VolumeOptions Options => new()
    {
        Directory = VolumeDirectory,
        VolumeId = Id,
        Store = Url,
        Stores = Stores,
        MemoryBytes = _options.MemoryBytes,
        Cache = new CacheOptions { Directory = CacheDirectory, MaxBytes = _options.CacheBytes, MinFreeRatio = 0 },
        SnapshotDirectory = _options.SnapshotDirectory,
        AcceptOlderStore = AcceptsOlderStore,
        TakeOver = TakesOver,
        TrashDays = _options.TrashDays,
        ShownSnapshot = ShownSnapshot,
        ShownTime = ShownTime,
        Staging = new StagingOptions { Directory = StagingDirectory, MaxBytes = _options.StagingBytes, WhenFull = _options.WhenFull },
    };

    /// <summary>Opens stores by their URLs; what is registered as remote is this volume's own directory, wherever the volume was copied from.</summary>
    public ObjectStores Stores => new(new Dictionary<StoreScheme, StoreAdapter> { [StoreScheme.S3] = (url, _, _, _) => OpenRemote(url) });

    private string KeyPath => _scratch["key"];

    /// <summary>Makes a volume and opens it.</summary>
    public static async Task<TestVolume> CreateAsync(TestVolumeOptions? options = null)
    {
        var test = new TestVolume(new ScratchDirectory(), options ?? new TestVolumeOptions(), Guid.NewGuid());
        Assert.True(FileKeyWrapper.Create(test.KeyPath).Succeeded);
        Directory.CreateDirectory(test.StoreDirectory);
        var creation = new VolumeCreation { Directory = test.VolumeDirectory, VolumeId = test.Id, Store = test.Url, Key = test.Key };
        await Volume.CreateAsync(creation, NullLoggerFactory.Instance, test._options.Time, CancellationToken.None);
        await test.OpenAsync();
        return test;
    }

    /// <summary>Opens the closed volume.</summary>
    public async Task OpenAsync(VolumeMode mode = VolumeMode.ReadWrite, Action<FaultingObjectStore>? arrange = null)
    {
        var opening = new VolumeOpening(Options, mode, Log, _options.Time)
        {
            OpenStore = () => OpenStore(arrange),
            OpenMember = OpenMember,
            CookieShift = _options.CookieShift,
            StagingFault = length => StagingFault?.Invoke(length),
            InterposeMetadata = rows => Rows = new InterposedMetadataStore(rows, static _ => ValueTask.CompletedTask) { RefuseSetting = RefuseSetting },
        };
        _volume = await opening.RunAsync(Key, CancellationToken.None);
        FileSystem = _volume.FileSystem;
    }

    /// <summary>Closes the volume.</summary>
    public async Task StopAsync(VolumeStop how = VolumeStop.Commit)
    {
        await Volume.StopAsync(how, CancellationToken.None);
        _volume = null;
    }

    /// <summary>Closes the volume and opens it again.</summary>
    public async Task ReopenAsync()
    {
        await StopAsync();
        await OpenAsync();
    }

    /// <summary>Uploads and publishes everything.</summary>
    public async Task DrainAsync() => Assert.Null(await Volume.DrainAsync(new Progress<DrainProgress>(), CancellationToken.None));

    /// <summary>What a kill -9 now would leave behind, open as a volume of its own: a killed process keeps the page cache, so that a copy of the files is exact.</summary>
    public async Task<TestVolume> CrashAsync(Action<TestVolume>? arrange = null)
    {
        TestVolume copy = CopyFiles();
        arrange?.Invoke(copy);
        await copy.OpenAsync();
        return copy;
    }

    /// <summary>The same without opening it.</summary>
    /// <param name="sharesStore">Whether the copy works on the same store, as a second machine would.</param>
    public TestVolume CopyFiles(bool sharesStore = false)
    {
        var scratch = new ScratchDirectory();
        var copy = new TestVolume(scratch, _options with { StagingDirectory = null }, Id)
        {
            StoreDirectory = sharesStore ? StoreDirectory : scratch["store"],
            Shelves = Shelves,
        };
        Directory.CreateDirectory(copy.VolumeDirectory);

        string stream = Path.Combine(StoreDirectory, "stream");
        string copiedStream = Path.Combine(copy.StoreDirectory, "stream");
        do
        {
            // What is published was durable in the database before, so the copy of the database must not be the older one.
            if (!sharesStore && Directory.Exists(stream))
            {
                CopyTree(stream, copiedStream);
            }

            // Staging is copied before the database and after it: what a file holds that is deleted in between is in the log or still needed.
            CopyTree(StagingDirectory, copy.StagingDirectory);
            CopyDatabase(copy);
        }
        while (!sharesStore && HasMore(stream, copiedStream)); // The database may note the publication by now.

        CopyTree(StagingDirectory, copy.StagingDirectory);
        CopyTree(CacheDirectory, copy.CacheDirectory);
        if (!sharesStore)
        {
            CopyTree(StoreDirectory, copy.StoreDirectory, except: stream);
            foreach (int number in Members.Keys)
            {
                CopyTree(MemberDirectory(number), copy.MemberDirectory(number));
            }
        }

        CopyFile(KeyPath, copy.KeyPath);
        CopyFile(Path.Combine(VolumeDirectory, "copy"), Path.Combine(copy.VolumeDirectory, "copy"));
        File.Delete(Path.Combine(copy.CacheDirectory, "owner"));
        return copy;
    }

    /// <summary>Checks the closed volume.</summary>
    public Task<CheckReport> CheckAsync(bool repair = false) =>
        VolumeCheck.RunAsync(Options, Key, repair, new Progress<CheckProgress>(), CancellationToken.None);

    /// <summary>Closes the volume, asserts that nothing is wrong with it, and leaves it closed.</summary>
    public async Task AssertSoundAsync()
    {
        if (_volume is not null)
        {
            await StopAsync();
        }

        CheckReport report = await CheckAsync();
        Assert.Empty(report.Findings);
    }

    /// <summary>Makes a second volume out of this one's store and key alone, and opens it.</summary>
    /// <param name="sharesStore">Whether it works on the same store, as a second machine would; else on a copy.</param>
    /// <param name="open">Whether to open it.</param>
    /// <param name="progress">Told how far the restore is; null when nobody asks.</param>
    /// <param name="arrange">Does something to the second volume before it is restored.</param>
    public async Task<(TestVolume Volume, RestoreReport Report)> RestoreAsync(
        bool sharesStore = false, bool open = true, IProgress<RestoreProgress>? progress = null, Action<TestVolume>? arrange = null)
    {
        var scratch = new ScratchDirectory();
        var restored = new TestVolume(scratch, _options with { StagingDirectory = null }, Id)
        {
            StoreDirectory = sharesStore ? StoreDirectory : scratch["store"],
            Shelves = Shelves,
        };
        if (!sharesStore)
        {
            CopyTree(StoreDirectory, restored.StoreDirectory);
        }

        CopyFile(KeyPath, restored.KeyPath);
        arrange?.Invoke(restored);
        RestoreReport report = await VolumeRestore.RunAsync(
            restored.Url,
            restored.Key,
            restored.VolumeDirectory,
            new RestoreOptions { Stores = restored.Stores, AcceptsOlderMirror = restored.RestoresOlder },
            NullLoggerFactory.Instance,
            TimeProvider.System,
            progress ?? new Progress<RestoreProgress>(),
            CancellationToken.None);
        if (open)
        {
            await restored.OpenAsync();
        }

        return (restored, report);
    }

    public async ValueTask DisposeAsync()
    {
        if (_volume is not null)
        {
            await StopAsync();
        }

        _scratch.Dispose();
    }

    /// <summary>Copies a directory with everything in it.</summary>
    public static void CopyTree(string from, string to, string? except = null)
    {
        Directory.CreateDirectory(to);
        foreach (string path in Directory.EnumerateFileSystemEntries(from))
        {
            string target = Path.Combine(to, Path.GetFileName(path));
            if (path == except)
            {
                continue;
            }

            if (Directory.Exists(path))
            {
                CopyTree(path, target);
                continue;
            }

            try
            {
                CopyFile(path, target);
            }
            catch (IOException) when (!File.Exists(path))
            {
                // Renamed or deleted meanwhile: the crash found it gone.
            }
        }
    }

    /// <summary>Where the store of a number is.</summary>
    public string MemberDirectory(int number) => number == 0 ? StoreDirectory : _scratch[$"store{number}"];

    /// <summary>The URL of the store of a number, as one that is elsewhere.</summary>
    public static StoreUrl RemoteUrl(int number) => StoreUrl.Parse($"s3://store{number}");

    private MetadataError RefuseSetting(string key) =>
        UnreadableSettings.Any(unreadable => key.StartsWith(unreadable, StringComparison.Ordinal)) ? MetadataError.Failed : MetadataError.None;

    private FaultingObjectStore OpenRemote(StoreUrl url)
    {
        int number = int.Parse(url.Bucket.AsSpan("store".Length), System.Globalization.CultureInfo.InvariantCulture);
        string directory = MemberDirectory(number);
        if (!Directory.Exists(directory))
        {
            throw new StoreOpenException(StoreError.NotFound, "there is no such store");
        }

        var store = new FaultingObjectStore(OnShelf(number, ObjectStores.Local.Open(StoreUrl.Parse("file://" + directory), new StoreOptions(), TimeProvider.System, NullLogger.Instance)));
        if (MemberFaults.TryGetValue(number, out StoreFault? fault))
        {
            store.Add(fault);
        }

        return store;
    }

    // Where a store of the volume that this one is a copy of was, this one has its own.
    private MeteringObjectStore OpenMember(int number)
    {
        MeteringObjectStore inner;
        try
        {
            inner = ObjectStores.Local.Open(StoreUrl.Parse("file://" + MemberDirectory(number)), new StoreOptions(), TimeProvider.System, NullLogger.Instance);
        }
        catch (StoreOpenException exception)
        {
            throw new VolumeException(VolumeFailure.Store, exception.Message, "none", exception);
        }

        Members[number] = new FaultingObjectStore(OnShelf(number, inner), _options.Time);
        if (DeadMembers.Contains(number))
        {
            Members[number].Add(new StoreFault(StoreFaultKind.Fail));
        }

        var once = new StoreOptions { Retry = new RetryOptions { MaxAttempts = 1 } };
        return ObjectStores.Stack(Members[number], once, _options.Time, NullLogger.Instance);
    }

    private IObjectStore OnShelf(int number, IObjectStore store) =>
        Shelves.TryGetValue(number, out ArchiveShelf? shelf) ? new ArchivingObjectStore(store, shelf, _options.Time) : store;

    private MeteringObjectStore OpenStore(Action<FaultingObjectStore>? arrange)
    {
        MeteringObjectStore inner = ObjectStores.Local.Open(StoreUrl.Parse("file://" + MemberDirectory(Home)), new StoreOptions(), TimeProvider.System, NullLogger.Instance);
        Store = new FaultingObjectStore(OnShelf(Home, inner), _options.Time);
        arrange?.Invoke(Store);
        var once = new StoreOptions { Retry = new RetryOptions { MaxAttempts = 1 } };
        return ObjectStores.Stack(Store, once, _options.Time, NullLogger.Instance);
    }

    // Without a lock and without a child process, which would inherit the locks of every volume that is open beside this one.
    // The database before its log, the log before what its rows refer to: each can only be ahead of what was copied before it.
    private void CopyDatabase(TestVolume copy)
    {
        string[] files = ["keyring", "metadata.db", "metadata.db-wal"];
        foreach (string name in files)
        {
            CopyFile(Path.Combine(VolumeDirectory, name), Path.Combine(copy.VolumeDirectory, name));
        }
    }

    private static bool HasMore(string directory, string copy) =>
        Directory.Exists(directory)
        && Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Any(file => !File.Exists(Path.Combine(copy, Path.GetRelativePath(directory, file))));

    private static void CopyFile(string from, string to)
    {
        using var source = new FileStream(DurableFile.OpenRead(from), FileAccess.Read);
        File.Delete(to);
        using var target = new FileStream(DurableFile.CreatePrivate(to), FileAccess.Write);
        source.CopyTo(target);
    }
}
