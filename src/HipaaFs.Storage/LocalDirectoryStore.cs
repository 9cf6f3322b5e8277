using HipaaFs.Platform;
using HipaaFs.Storage.Local;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage;

/// <summary>A store in a directory, local or on a NAS: the object of key a/b/c is the file a/b/c below the root.</summary>
/// <remarks>
/// <para><b>A put</b> writes a temporary file beside the object's place, syncs it, renames it there (or, if it must be absent,
/// links it there, so that of racing writers in any process one wins) and syncs the directory. A file handed over on the same file
/// system becomes the object by a hard link, unless that is not wanted (<see cref="PutOptions.MayLink"/>): from then on whoever changes the file, or punches holes into it, changes the object.
/// Files have mode 0600, directories 0700; a linked file keeps the mode it has. Directories stay when their last object goes.</para>
/// <para><b>A version</b> is (inode, length, time of writing in nanoseconds). Written objects get the clock's time at full
/// resolution instead of the kernel's coarse one, so an inode number used again at once is another version all the same.
/// A copy of the store elsewhere has other versions.</para>
/// <para><b>The root</b> must be there: when it is gone, or replaced by the empty directory of a mount point, every request is
/// answered Unavailable, never NotFound.</para>
/// <para><b>Threads.</b> Reads run on the caller's thread, straight into its memory; everything else on one of its own, which is left behind when the disk does not answer in
/// time (<see cref="LocalThreads"/>).</para>
/// </remarks>
public sealed partial class LocalDirectoryStore : IObjectStore
{
    private const int OpenObjectCount = 128;

    // The sweep looks for its end between files; one that hangs in a call to the disk is left behind as any other thread is.
    private static readonly TimeSpan SweepPatience = TimeSpan.FromSeconds(5);

    private readonly LocalTree _tree;
    private readonly LocalThreads _threads = new();
    private readonly TimeProvider _time;
    private readonly OpenObjects _open = new(OpenObjectCount);
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();

    private LocalDirectoryStore(LocalTree tree, TimeProvider time, ILogger logger)
    {
        _tree = tree;
        _logger = logger;
        _time = time;
        Sweeping = Task.Factory.StartNew(
            () => Sweep(time.GetUtcNow()), CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public StoreCapabilities Capabilities { get; } = new() { PutIfAbsent = true, Local = true };

    /// <summary>The removal of what dead writers left, begun when the store was opened; its result is how many files.</summary>
    internal Task<int> Sweeping { get; }

    /// <summary>How many objects are held open for reading.</summary>
    internal int OpenCount => _open.Count;

    /// <summary>Opens the store in a directory.</summary>
    /// <param name="root">The directory's absolute path.</param>
    /// <param name="create">Whether to create it, durably, when it is missing.</param>
    /// <param name="time">Dates the temporaries of dead writers.</param>
    /// <param name="logger">Told of what the store does by itself.</param>
    /// <exception cref="StoreOpenException">The directory is missing, no directory, or cannot be reached.</exception>
    public static LocalDirectoryStore Open(string root, bool create, TimeProvider time, ILogger logger)
    {
        root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        try
        {
            if (create)
            {
                CreateRoot(root);
            }

            if (!Path.Exists(root))
            {
                throw new StoreOpenException(
                    StoreError.Unavailable, "the store's directory does not exist; if it is on another file system, is that mounted?");
            }

            // A root that is a symbolic link is used where it points, so that its identity is that of the directory.
            root = Directory.ResolveLinkTarget(root, returnFinalTarget: true)?.FullName ?? root;
            return FileStatus.Of(root) switch
            {
                { Kind: FileStatusKind.Directory } status => new LocalDirectoryStore(new LocalTree(root, status), time, logger),
                _ => throw new StoreOpenException(StoreError.InvalidRequest, "the store's location is not a directory"),
            };
        }
        catch (Exception exception) when (exception is not StoreOpenException && FileFailures.IsFileFailure(exception))
        {
            StoreFailure failure = FileFailures.From(exception);
            StoreError error = failure.Error == StoreError.NotFound ? StoreError.Unavailable : failure.Error;
            throw new StoreOpenException(error, $"the store's directory cannot be opened: {failure.Detail}", exception);
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancel.ThrowIfCancellationRequested();
        try
        {
            return ValueTask.FromResult(Read(key, version, offset, destination.Span));
        }
        catch (Exception exception) when (FileFailures.IsFileFailure(exception))
        {
            return ValueTask.FromResult<StoreResult<int>>(Failure(exception));
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        // A copy: who gave up waiting may use the memory for something else, and the thread that was left behind would store that.
        byte[] own = content.ToArray();
        return CallAsync(() => Put(key, condition, temporary => LocalPut.Write(temporary, own), cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        return options.Tier == StorageTier.Hot && options.Protection == ObjectProtection.None
            ? CallAsync(() => PutFile(key, source, options, cancel), cancel)
            : ValueTask.FromResult<StoreResult<ObjectProperties>>(StoreError.Unsupported);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel)
    {
        return CallAsync<ObjectProperties>(
            () => FileStatus.Of(_tree.PathOf(key)) is { Kind: FileStatusKind.Regular } status ? LocalTree.PropertiesOf(key, in status) : Absent(), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return CallAsync<ObjectPage>(
            () => _tree.IsPresent ? LocalListing.Collect(_tree.Root, prefix, after, limit, cancel) : StoreError.Unavailable, cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel)
    {
        return CallAsync(() => Delete(key, version, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel) =>
        ValueTask.FromResult<StoreResult<ObjectProperties>>(StoreError.Unsupported);

    /// <inheritdoc/>
    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel) =>
        ValueTask.FromResult<StoreResult<RestoreState>>(StoreError.Unsupported);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel) =>
        ValueTask.FromResult<StoreResult<ObjectProperties>>(StoreError.Unsupported);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel) =>
        ValueTask.FromResult<StoreResult<ObjectProperties>>(StoreError.Unsupported);

    /// <summary>Closes the files held open. Requests under way finish.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await ((Task)Sweeping).WaitAsync(SweepPatience, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _open.Dispose();
    }

    private static void CreateRoot(string root)
    {
        if (Path.GetDirectoryName(root) is not { } parent || Path.Exists(root))
        {
            return;
        }

        CreateRoot(parent);
        DurableFile.TryCreatePrivateDirectory(root);
        DurableFile.SyncDirectory(parent);
    }

    private async ValueTask<StoreResult<T>> CallAsync<T>(Func<StoreResult<T>> call, CancellationToken cancel)
    {
        try
        {
            return await _threads.RunAsync(call, cancel);
        }
        catch (Exception exception) when (FileFailures.IsFileFailure(exception))
        {
            return Failure(exception);
        }
    }

    private StoreResult<int> Read(ObjectKey key, EntityTag version, long offset, Span<byte> destination)
    {
        string path = _tree.PathOf(key);
        if (FileStatus.Of(path) is not { Kind: FileStatusKind.Regular } status)
        {
            _open.Drop(key);
            return Absent();
        }

        // Asking for the version at each read costs a microsecond and shows what other processes replaced or deleted.
        OpenObject opened = _open.Borrow(key, FileVersion.Of(in status)) ?? OpenAndAdd(key, path);
        try
        {
            return version.Accepts(opened.Tag) ? ReadUpTo(opened.File, destination, offset) : StoreError.VersionChanged;
        }
        finally
        {
            _open.Return(opened);
        }
    }

    private OpenObject OpenAndAdd(ObjectKey key, string path)
    {
        SafeFileHandle file = DurableFile.OpenRead(path);
        var opened = new OpenObject(key, file, FileVersion.Of(FileStatus.Of(file)));
        _open.Add(opened);
        return opened;
    }

    private static int ReadUpTo(SafeFileHandle file, Span<byte> destination, long offset)
    {
        int total = 0;
        while (total < destination.Length)
        {
            int read = RandomAccess.Read(file, destination[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    private StoreResult<ObjectProperties> PutFile(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        StoreResult<SafeFileHandle> opened = UploadSources.Open(source);
        if (!opened.Succeeded)
        {
            return opened.Failure!;
        }

        using SafeFileHandle file = opened.Value;
        return Put(
            key,
            options.Condition,
            temporary => options.MayLink ? LocalPut.LinkOrCopy(temporary, source, file, cancel) : LocalPut.Copy(temporary, source, file, cancel),
            cancel);
    }

    // Fill gives the temporary its durable content and returns its SHA-256, or nothing where the object has to be read back.
    private StoreResult<ObjectProperties> Put(
        ObjectKey key, PutCondition condition, Func<string, StoreResult<ReadOnlyMemory<byte>>> fill, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> copied;
        string path = _tree.PathOf(key);
        string directory = Path.GetDirectoryName(path)!;
        if (!_tree.IsPresent)
        {
            return StoreError.Unavailable;
        }

        _tree.EnsureDirectory(directory);
        string temporary = LocalTemporaries.NewPath(directory);
        try
        {
            StoreResult<ReadOnlyMemory<byte>> filled = fill(temporary);
            if (!filled.Succeeded)
            {
                return filled.Failure!;
            }

            copied = filled.Value;
            cancel.ThrowIfCancellationRequested(); // Nobody waits any more, perhaps since long: the object would come as a surprise.
            StoreError placed = LocalPut.Place(temporary, path, condition);
            if (placed == StoreError.AlreadyExists)
            {
                // Whoever put it may have failed to make its name durable, and who is told that it is there relies on it.
                DurableFile.SyncDirectory(directory);
            }

            if (placed != StoreError.None)
            {
                return placed;
            }
        }
        catch (IOException exception) when (FileFailures.From(exception).Error == StoreError.NotFound)
        {
            // The directory was removed by someone; the next try makes it again.
            _tree.ForgetDirectory(directory);
            return new StoreFailure(StoreError.Unavailable, "directory removed");
        }
        finally
        {
            // After a rename it is gone, unless both names were links to one file; after a link it is a second name.
            LocalTemporaries.Remove(temporary);
        }

        DurableFile.SyncDirectory(directory);
        _open.Drop(key);
        return FileStatus.Of(path) is { } status ? LocalTree.PropertiesOf(key, in status) with { Sha256 = copied } : Absent();
    }

    private StoreResult<bool> Delete(ObjectKey key, EntityTag version, CancellationToken cancel)
    {
        string path = _tree.PathOf(key);
        if (FileStatus.Of(path) is not { Kind: FileStatusKind.Regular } status)
        {
            StoreFailure absent = Absent();
            if (absent.Error != StoreError.NotFound)
            {
                return absent;
            }

            SyncRemoval(path); // Another try may have removed it and failed to make that durable.
            return false;
        }

        if (!version.Accepts(FileVersion.Of(in status).ToTag()))
        {
            return StoreError.VersionChanged;
        }

        cancel.ThrowIfCancellationRequested();
        File.Delete(path);
        _open.Drop(key);
        DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
        return true;
    }

    private static void SyncRemoval(string path)
    {
        string directory = Path.GetDirectoryName(path)!;
        if (Directory.Exists(directory))
        {
            DurableFile.SyncDirectory(directory);
        }
    }

    private StoreFailure Absent() => StoreFailure.Of(_tree.IsPresent ? StoreError.NotFound : StoreError.Unavailable);

    private StoreFailure Failure(Exception exception)
    {
        StoreFailure failure = FileFailures.From(exception);
        return failure.Error == StoreError.NotFound && !_tree.IsPresent ? failure with { Error = StoreError.Unavailable } : failure;
    }

    private int Sweep(DateTimeOffset now)
    {
        try
        {
            int removed = LocalTemporaries.Sweep(_tree.Root, now, _closing.Token);
            if (removed > 0)
            {
                LogSwept(_logger, removed);
            }

            return removed;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        catch (Exception exception) when (FileFailures.IsFileFailure(exception))
        {
            LogSweepFailed(_logger, FileFailures.Detail(exception));
            return 0;
        }
    }

    [LoggerMessage(310, LogLevel.Information, "Removed {Count} unfinished objects that dead writers left in the store")]
    private static partial void LogSwept(ILogger logger, int count);

    [LoggerMessage(311, LogLevel.Warning, "Could not look for unfinished objects in the store ({Detail})")]
    private static partial void LogSweepFailed(ILogger logger, string detail);
}
