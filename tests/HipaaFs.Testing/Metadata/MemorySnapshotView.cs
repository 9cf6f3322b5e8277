using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Testing.Metadata;

/// <summary>A snapshot of the memory engine: a store of its own with what the snapshot shows, made for every call.</summary>
internal sealed class MemorySnapshotView : IMetadataView
{
    private readonly Func<MemoryMetadataStore?> _show;

    public MemorySnapshotView(Func<MemoryMetadataStore?> show) => _show = show;

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.GetInodeAsync(inode, cancel) : MetadataError.SnapshotGone;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(
        InodeId parent, NameTag name, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.LookupAsync(parent, name, cancel) : MetadataError.SnapshotGone;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.ReadDirectoryAsync(directory, after, buffer, cancel) : MetadataError.SnapshotGone;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.ReadDirectoryFromAsync(directory, fromHigh64, buffer, cancel) : MetadataError.SnapshotGone;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.FindEntryAsync(inode, cancel) : MetadataError.SnapshotGone;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.ReadLinkAsync(inode, cancel) : MetadataError.SnapshotGone;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(
        InodeId inode, NameTag name, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.GetXattrAsync(inode, name, cancel) : MetadataError.SnapshotGone;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.ListXattrsAsync(inode, cancel) : MetadataError.SnapshotGone;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default)
    {
        return _show() is { } shown ? await shown.GetExtentsAsync(inode, offset, length, limit, cancel) : MetadataError.SnapshotGone;
    }
}
