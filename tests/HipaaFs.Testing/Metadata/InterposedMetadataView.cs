using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Testing.Metadata;

/// <summary>Runs something before every call of another store's snapshot.</summary>
internal sealed class InterposedMetadataView : IMetadataView
{
    private readonly IMetadataView _view;
    private readonly Func<ValueTask> _before;

    public InterposedMetadataView(IMetadataView view, Func<ValueTask> before)
    {
        _view = view;
        _before = before;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        await _before();
        return await _view.GetInodeAsync(inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(
        InodeId parent, NameTag name, CancellationToken cancel = default)
    {
        await _before();
        return await _view.LookupAsync(parent, name, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default)
    {
        await _before();
        return await _view.ReadDirectoryAsync(directory, after, buffer, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default)
    {
        await _before();
        return await _view.ReadDirectoryFromAsync(directory, fromHigh64, buffer, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        await _before();
        return await _view.FindEntryAsync(inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        await _before();
        return await _view.ReadLinkAsync(inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(
        InodeId inode, NameTag name, CancellationToken cancel = default)
    {
        await _before();
        return await _view.GetXattrAsync(inode, name, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        await _before();
        return await _view.ListXattrsAsync(inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default)
    {
        await _before();
        return await _view.GetExtentsAsync(inode, offset, length, limit, cancel);
    }
}
