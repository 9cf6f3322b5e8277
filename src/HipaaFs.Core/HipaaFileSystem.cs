using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using HipaaFs.Acl;
using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Quotas;
using HipaaFs.Snapshots;
using HipaaFs.Staging;

namespace HipaaFs;

/// <summary>The file system, in inode terms: what a frontend calls for each request of its kernel.</summary>
/// <remarks>
/// <para>It routes, orders and overlays; state lives in the tables it is given. It knows no FUSE, no WinFsp, no cloud and no database.</para>
/// <para>A name reaches the metadata only sealed. Written bytes go to the file's dirty pages, from there through <see cref="Staging.Writeback"/> to segments; what readers see is
/// the row of an inode with the file's unapplied data over it.</para>
/// <para>Thread-safe. A call whose data is in memory or in a local file completes synchronously.</para>
/// </remarks>
public sealed partial class HipaaFileSystem
{
    private const int InodeReserve = 4096;

    private readonly FileSystemParts _parts;
    private readonly IMetadataStore _metadata;
    private readonly ViewReader _view;
    private readonly VolumeNames _names;
    private readonly FileTable _files;
    private readonly HandleTable _handles;
    private readonly InodeGates _gates = new();
    private readonly GoneInodes _gone = new();
    private readonly ConcurrentDictionary<ulong, long> _lookups = new();
    private readonly Lock _inodeLock = new();
    private InodeRange _reserved;

    internal HipaaFileSystem(FileSystemParts parts)
    {
        _parts = parts;
        _metadata = parts.Metadata;
        _view = parts.View;
        _names = parts.Names;
        _files = parts.Files;
        _handles = new HandleTable(parts.Reader.MostReadAhead);
        _quotas = new QuotaTable(parts.Metadata, parts.Names);
        if (parts.Writeback is not null)
        {
            parts.Writeback.FirstBytesApplied += inode => ForgetAttributes?.Invoke(inode);
        }
    }

    /// <summary>
    /// Tells the kernel to ask for an inode's attributes again. Set by a frontend whose kernel keeps them: it does not count blocks itself, and a file that shows
    /// none is taken for one hole by programs such as tar -S; nor does it see what a write takes away from the mode.
    /// </summary>
    public Action<InodeId>? ForgetAttributes { get; set; }

    /// <summary>Whether no change is taken: mounted read-only, or fenced off by a newer session.</summary>
    public bool IsReadOnly => _parts.Writeback is null || _parts.Fenced.IsCancellationRequested;

    /// <summary>Open handles.</summary>
    public int OpenHandles => _handles.Count;

    /// <summary>Inodes that the kernel knows.</summary>
    public int KnownInodes => _lookups.Count;

    /// <summary>Counts a reply that carries an inode to the kernel. What is kept per inode is this count and nothing else.</summary>
    public void Remember(InodeId inode)
    {
        _lookups.AddOrUpdate(inode.Value, 1, static (_, count) => count + 1);
        _parts.Views.Hold(inode.View, 1);
    }

    /// <summary>Takes the kernel's count back.</summary>
    public void Forget(InodeId inode, ulong lookups)
    {
        _parts.Views.Hold(inode.View, -(long)lookups);
        while (_lookups.TryGetValue(inode.Value, out long count))
        {
            long left = count - (long)lookups;
            bool done = left > 0
                ? _lookups.TryUpdate(inode.Value, left, count)
                : _lookups.TryRemove(new KeyValuePair<ulong, long>(inode.Value, count));
            if (done)
            {
                if (left <= 0)
                {
                    _gone.Remove(inode);
                }

                return;
            }
        }
    }

    /// <summary>Finds a name in a directory.</summary>
    public ValueTask<FsResult<InodeAttributes>> LookupAsync(InodeId parent, ReadOnlySpan<byte> name, CancellationToken interrupted)
    {
        if (name.Length > VolumeNames.MaxName)
        {
            return ValueTask.FromResult<FsResult<InodeAttributes>>(FsError.NameTooLong);
        }

        if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
        {
            return FindByHandleAsync(parent, isParent: name.Length == 2, interrupted);
        }

        if (parent == SnapshotDirectory.Inode)
        {
            return _parts.Snapshots.LookupAsync(Encoding.UTF8.GetString(name), interrupted);
        }

        return _parts.Snapshots.IsNamed(parent, name)
            ? GetAttributesAsync(SnapshotDirectory.Inode, interrupted)
            : LookupAsync(parent, _names.Tag(DomainOf(parent), parent, name), interrupted);
    }

    // A kernel that knows an inode by a file handle alone asks for its dots (open_by_handle_at(2), NFS). Inode numbers are never given twice, those of snapshots
    // excepted: the number of a view may stand for another snapshot by now.
    private async ValueTask<FsResult<InodeAttributes>> FindByHandleAsync(InodeId inode, bool isParent, CancellationToken interrupted)
    {
        if (inode.View != 0)
        {
            return FsError.NotFound;
        }

        if (isParent && inode != InodeId.Root)
        {
            MetadataResult<DirectoryEntry> entry = await _view.FindEntryAsync(inode, interrupted);
            if (!entry.Succeeded)
            {
                return entry.Error.ToFsError();
            }

            inode = entry.Value.Parent;
        }

        FsResult<InodeAttributes> found = await GetAttributesAsync(inode, interrupted);
        return found is { IsOk: true, Value.LinkCount: 0 } ? FsError.NotFound : found;
    }

    /// <summary>Reads an inode's attributes.</summary>
    public async ValueTask<FsResult<InodeAttributes>> GetAttributesAsync(InodeId inode, CancellationToken interrupted)
    {
        while (true)
        {
            long applications = _files.Applications;
            MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(inode, interrupted);
            if (!row.Succeeded)
            {
                return _gone.TryGet(inode, out InodeAttributes last) ? last : row.Error.ToFsError();
            }

            InodeAttributes seen = Overlay(row.Value);
            if (applications == _files.Applications)
            {
                return seen;
            }
        }
    }

    /// <summary>What statfs(2) shows.</summary>
    public FileSystemUsage GetUsage()
    {
        const uint blockSize = 4096;
        const ulong inodes = 1UL << 40;
        (long total, long free) = _parts.Capacity();
        VolumeUsage usage = _metadata.Usage;
        return new FileSystemUsage(
            blockSize,
            (ulong)total / blockSize,
            (ulong)free / blockSize,
            inodes,
            inodes - (ulong)Math.Max(0, usage.Inodes));
    }

    /// <summary>Makes everything that was done before the call durable.</summary>
    public async ValueTask<FsError> SyncAsync(CancellationToken interrupted)
    {
        if (_parts.Writeback is not null)
        {
            FsError error = await _parts.Writeback.FlushAllAsync();
            if (error != FsError.None)
            {
                return error;
            }
        }

        MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(_metadata.Applied, interrupted);
        return durable.Error.ToFsError();
    }

    private async ValueTask<FsResult<InodeAttributes>> LookupAsync(InodeId parent, NameTag tag, CancellationToken interrupted)
    {
        while (true)
        {
            long applications = _files.Applications;
            MetadataResult<DirectoryEntry> found = await _view.LookupAsync(parent, tag, interrupted);
            if (!found.Succeeded)
            {
                return found.Error.ToFsError();
            }

            InodeAttributes seen = Overlay(found.Value.Inode);
            if (applications == _files.Applications)
            {
                return seen;
            }
        }
    }

    private InodeAttributes Overlay(InodeAttributes row) =>
        row.IsFile && _files.TryPeek(row.Id, out FileState? file) ? file.Overlay(row) : row;

    // One key domain until a directory can be given another (its inode says which).
    private static DomainId DomainOf(InodeId inode)
    {
        _ = inode;
        return DomainId.Root;
    }

    private async ValueTask<FsResult<InodeId>> NextInodeAsync(CancellationToken interrupted)
    {
        while (true)
        {
            lock (_inodeLock)
            {
                if (_reserved.Count > 0)
                {
                    InodeId next = _reserved.First;
                    _reserved = new InodeRange(new InodeId(next.Value + 1), _reserved.Count - 1);
                    return next;
                }
            }

            MetadataResult<InodeRange> range = await _metadata.ReserveInodesAsync(_parts.Clock.Session, InodeReserve, interrupted);
            if (!range.Succeeded)
            {
                return range.Error.ToFsError();
            }

            lock (_inodeLock)
            {
                if (_reserved.Count == 0)
                {
                    _reserved = range.Value; // A range lost to a race is never used: ids are plenty.
                }
            }
        }
    }

    private FsError RefuseChange() => IsReadOnly ? FsError.ReadOnly : FsError.None;

    // What a snapshot shows never changes.
    private FsError RefuseChange(InodeId inode) => inode.View != 0 ? FsError.ReadOnly : RefuseChange();

    private FsError RefuseChange(InodeId parent, ReadOnlySpan<byte> name) =>
        _parts.Snapshots.IsNamed(parent, name) ? FsError.NotPermitted : RefuseChange(parent);
}
