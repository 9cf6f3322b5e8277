using System.Runtime.CompilerServices;
using System.Text;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Trash;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Snapshots;

/// <summary>Takes, lists, deletes and compares the snapshots of an open volume.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed partial class VolumeSnapshots
{
    // A disk that fails once and again is told to who asked.
    private const int MaxAttempts = 3;

    private readonly SnapshotCatalog _catalog;
    private readonly IMetadataStore _metadata;
    private readonly VolumeNames _names;
    private readonly HipaaFileSystem _fileSystem;
    private readonly VolumeWriter? _writer;
    private readonly ILogger _logger;

    internal VolumeSnapshots(
        SnapshotCatalog catalog, IMetadataStore metadata, VolumeNames names, HipaaFileSystem fileSystem, VolumeWriter? writer, ILogger logger)
    {
        _catalog = catalog;
        _metadata = metadata;
        _names = names;
        _fileSystem = fileSystem;
        _writer = writer;
        _logger = logger;
    }

    /// <summary>Whether a label can be given: a name of one directory, and not of the form that snapshots without a label have.</summary>
    public static bool IsValidLabel(string label) => SnapshotCatalog.IsValidLabel(label);

    /// <summary>All snapshots, oldest first.</summary>
    public ValueTask<FsResult<IReadOnlyList<Snapshot>>> ListAsync(CancellationToken cancel) => _catalog.ListAsync(cancel);

    /// <summary>The snapshot of a name; <see cref="FsError.NotFound"/> without one.</summary>
    public ValueTask<FsResult<Snapshot>> FindAsync(string name, CancellationToken cancel) => _catalog.FindAsync(name, cancel);

    /// <summary>Takes a snapshot of everything written before the call; durable on return.</summary>
    /// <remarks>
    /// (1) What the kernel and the file system hold back is applied. (2) Unfinished segments of older processes are repacked, and (3)
    /// between two passes of writeback the open ones are finished: nothing a snapshot shows is ever in a segment that a crash
    /// would leave unfinished, but for what cannot be read of one. (4) The snapshot's row is made durable.
    /// </remarks>
    /// <param name="label">Its name; null names it by its time.</param>
    /// <param name="cancel">Ends the wait before step 4.</param>
    public async Task<FsResult<Snapshot>> CreateAsync(string? label, CancellationToken cancel)
    {
        if (label is not null && !IsValidLabel(label))
        {
            return FsError.InvalidArgument;
        }

        if (_writer is null || _fileSystem.IsReadOnly)
        {
            return FsError.ReadOnly;
        }

        FsError applied = await _fileSystem.ApplyAllAsync(); // Step 1
        if (applied != FsError.None)
        {
            return applied;
        }

        _writer.Writeback.BeginWhole();
        try
        {
            FsResult<Snapshot> taken = await CreateWhenSettledAsync(_writer, label, cancel);
            if (taken.IsOk)
            {
                LogTaken(_logger, taken.Value.Id.Value, label is null ? "by the trash" : "as asked");
            }

            return taken;
        }
        finally
        {
            _writer.Writeback.EndWhole();
        }
    }

    private async Task<FsResult<Snapshot>> CreateWhenSettledAsync(VolumeWriter writer, string? label, CancellationToken cancel)
    {
        for (int attempt = 1; ; attempt++)
        {
            FsResult<Snapshot> taken = FsError.Io;
            bool isSettled = true;
            FsError error = await writer.Repacker.RunWhenSettledAsync( // Step 2
                () => writer.Writeback.RunWithFinishedSegmentsAsync(async () => // Step 3
                {
                    // A pass after step 2 may have failed to finish a segment that rows refer to.
                    isSettled = writer.Repacker.IsSettled;
                    taken = isSettled ? await _catalog.CreateAsync(label, cancel) : FsError.Io; // Step 4
                    return taken.Error;
                }),
                cancel);
            if (isSettled || attempt == MaxAttempts)
            {
                return error == FsError.None ? taken : error;
            }
        }
    }

    /// <summary>Deletes a snapshot; durable on return. It is not readable any more at once, its space is freed by and by.</summary>
    public async Task<FsError> DeleteAsync(string name, CancellationToken cancel)
    {
        if (_fileSystem.IsReadOnly)
        {
            return FsError.ReadOnly;
        }

        FsResult<Snapshot> found = await _catalog.FindAsync(name, cancel);
        if (!found.IsOk)
        {
            return found.Error;
        }

        FsError error = await _catalog.DeleteAsync(found.Value.Id);
        if (error == FsError.None)
        {
            LogDeleted(_logger, found.Value.Id.Value);
        }

        return error;
    }

    /// <summary>Deletes a snapshot of the trash that was listed; its name may be another's by now.</summary>
    internal async Task<FsError> ExpireAsync(Snapshot snapshot)
    {
        FsError error = _fileSystem.IsReadOnly ? FsError.ReadOnly : await _catalog.DeleteAsync(snapshot.Id);
        if (error == FsError.None)
        {
            LogExpired(_logger, snapshot.Id.Value);
        }

        return error;
    }

    /// <summary>Whether anything that has a name differs between a snapshot and now.</summary>
    /// <exception cref="IOException">The snapshot went away, or the metadata cannot be read.</exception>
    public async Task<bool> HasChangedSinceAsync(Snapshot snapshot, CancellationToken cancel)
    {
        await foreach (InodeDifference _ in _metadata.CompareAsync(snapshot.Id, null, cancel))
        {
            return true;
        }

        return false;
    }

    /// <summary>Streams what was removed or written over since the oldest snapshot and can be had back, the latest loss first.</summary>
    /// <remarks>A version that came and went between two snapshots is in none of them.</remarks>
    /// <exception cref="IOException">A row cannot be read.</exception>
    public async IAsyncEnumerable<LostVersion> FindLostAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        FsResult<IReadOnlyList<Snapshot>> all = await _catalog.ListAsync(cancel);
        if (!all.IsOk)
        {
            throw new IOException($"list the snapshots: {all.Error}");
        }

        for (int i = all.Value.Count - 1; i >= 0; i--)
        {
            Snapshot from = all.Value[i];
            SnapshotId? to = i + 1 < all.Value.Count ? all.Value[i + 1].Id : null;
            IMetadataView older = _metadata.OpenSnapshot(from.Id);
            await foreach (InodeDifference difference in _metadata.CompareAsync(from.Id, to, cancel))
            {
                if (Lost(difference) is { } kind && await PathOfAsync(older, difference.Before!.Value, cancel) is { } path)
                {
                    InodeAttributes inode = difference.Before.Value.Inode;
                    yield return new LostVersion(path, kind, from, inode.Kind == InodeKind.Directory, inode.Size);
                }
            }
        }
    }

    // Attributes alone are no data: who changes a mode loses nothing.
    private static DifferenceKind? Lost(in InodeDifference difference)
    {
        if (difference.Before is not { } before)
        {
            return null;
        }

        if (difference.After is not { } after)
        {
            return DifferenceKind.Removed;
        }

        bool isRewritten = before.Inode.Kind == InodeKind.File
            && before.Inode.Size > 0
            && (before.Inode.Size != after.Inode.Size || before.Inode.ModifyTime != after.Inode.ModifyTime);
        return isRewritten ? DifferenceKind.Changed : null;
    }

    /// <summary>Streams what differs between a snapshot and a later one, or the live state.</summary>
    /// <exception cref="IOException">A snapshot went away, or a row cannot be read.</exception>
    public async IAsyncEnumerable<PathDifference> CompareAsync(
        Snapshot from, Snapshot? to, [EnumeratorCancellation] CancellationToken cancel)
    {
        IMetadataView older = _metadata.OpenSnapshot(from.Id);
        IMetadataView newer = to is null ? _metadata : _metadata.OpenSnapshot(to.Id);
        await foreach (InodeDifference difference in _metadata.CompareAsync(from.Id, to?.Id, cancel))
        {
            string? before = difference.Before is { } old ? await PathOfAsync(older, old, cancel) : null;
            string? after = difference.After is { } now ? await PathOfAsync(newer, now, cancel) : null;
            DifferenceKind kind = before is null ? DifferenceKind.Created
                : after is null ? DifferenceKind.Removed
                : difference.IsRenamed ? DifferenceKind.Renamed
                : DifferenceKind.Changed;
            if (after is not null || before is not null)
            {
                yield return new PathDifference(kind, after ?? before!, kind == DifferenceKind.Renamed ? before : null);
            }
        }
    }

    // Null when it was removed meanwhile, with a directory above it. However deep that is: directories can be made from within each other far below PATH_MAX.
    private async ValueTask<string?> PathOfAsync(IMetadataView view, DirectoryEntry entry, CancellationToken cancel)
    {
        var names = new List<string>();
        InodeId seen = default; // Rows that are no tree come back to it, at the latest when it was set inside their circle and that is gone round.
        int seeAgain = 1;
        while (entry.Inode.Id != InodeId.Root)
        {
            byte[] name = _names.TryOpen(Crypto.DomainId.Root, entry.Parent, entry.Name)
                ?? throw new IOException($"a name in directory {entry.Parent} is not authentic");
            names.Add(Encoding.UTF8.GetString(name));
            if (entry.Parent == InodeId.Root)
            {
                break;
            }

            if (entry.Parent == seen)
            {
                throw new IOException($"directory {entry.Parent} is below itself");
            }

            if (names.Count == seeAgain)
            {
                seen = entry.Parent;
                seeAgain *= 2;
            }

            MetadataResult<DirectoryEntry> parent = await view.FindEntryAsync(entry.Parent, cancel);
            if (parent.Error == MetadataError.NotFound)
            {
                return null;
            }

            entry = parent.Succeeded ? parent.Value : throw new IOException($"find a name of directory {entry.Parent}: {parent.Error}");
        }

        names.Reverse();
        return "/" + string.Join('/', names);
    }

    [LoggerMessage(598, LogLevel.Information, "Snapshot {Snapshot} is taken, {Why}")]
    private static partial void LogTaken(ILogger logger, ulong snapshot, string why);

    [LoggerMessage(599, LogLevel.Information, "Snapshot {Snapshot} is deleted, as asked")]
    private static partial void LogDeleted(ILogger logger, ulong snapshot);

    [LoggerMessage(605, LogLevel.Information, "Snapshot {Snapshot} is deleted: its time in the trash is over")]
    private static partial void LogExpired(ILogger logger, ulong snapshot);
}
