using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Snapshots;

/// <summary>Reads each inode in the view its id names, and answers ids of that view: the live state and every snapshot as one store.</summary>
/// <remarks>Thread-safe. The base is the live state, or for a mount of a point in time the snapshot it shows.</remarks>
internal sealed class ViewReader : IMetadataView
{
    private readonly IMetadataView _base;
    private readonly ViewTable _views;

    internal ViewReader(IMetadataView @base, ViewTable views)
    {
        _base = @base;
        _views = views;
    }

    public ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(InodeId inode, CancellationToken cancel = default) =>
        inode.View == 0 ? _base.GetInodeAsync(inode, cancel) : GetShownAsync(inode, cancel);

    public ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(InodeId parent, NameTag name, CancellationToken cancel = default) =>
        parent.View == 0
            ? _base.LookupAsync(parent, name, cancel)
            : ShowAsync(parent.View, Of(parent).LookupAsync(parent.InStore, name, cancel));

    public ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        directory.View == 0
            ? _base.ReadDirectoryAsync(directory, after, buffer, cancel)
            : ShowAsync(directory.View, Of(directory).ReadDirectoryAsync(directory.InStore, after, buffer, cancel), buffer);

    public ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        directory.View == 0
            ? _base.ReadDirectoryFromAsync(directory, fromHigh64, buffer, cancel)
            : ShowAsync(directory.View, Of(directory).ReadDirectoryFromAsync(directory.InStore, fromHigh64, buffer, cancel), buffer);

    public ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(InodeId inode, CancellationToken cancel = default) =>
        inode.View == 0
            ? _base.FindEntryAsync(inode, cancel)
            : ShowAsync(inode.View, Of(inode).FindEntryAsync(inode.InStore, cancel));

    public ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(InodeId inode, CancellationToken cancel = default) =>
        Of(inode).ReadLinkAsync(inode.InStore, cancel);

    public ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(InodeId inode, NameTag name, CancellationToken cancel = default) =>
        Of(inode).GetXattrAsync(inode.InStore, name, cancel);

    public ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(InodeId inode, CancellationToken cancel = default) =>
        Of(inode).ListXattrsAsync(inode.InStore, cancel);

    public ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default) =>
        Of(inode).GetExtentsAsync(inode.InStore, offset, length, limit, cancel);

    private IMetadataView Of(InodeId inode)
    {
        if (inode.View == 0)
        {
            return _base;
        }

        return _views.TryGet(inode.View, out IMetadataView? view) ? view : MissingView.Instance;
    }

    private async ValueTask<MetadataResult<InodeAttributes>> GetShownAsync(InodeId inode, CancellationToken cancel)
    {
        if (inode == SnapshotDirectory.Inode)
        {
            MetadataResult<InodeAttributes> root = await _base.GetInodeAsync(InodeId.Root, cancel);
            return root.Succeeded ? SnapshotDirectory.Describe(root.Value) : root;
        }

        MetadataResult<InodeAttributes> row = await Of(inode).GetInodeAsync(inode.InStore, cancel);
        return row.Succeeded ? row.Value with { Id = inode } : row;
    }

    private static async ValueTask<MetadataResult<DirectoryEntry>> ShowAsync(ushort view, ValueTask<MetadataResult<DirectoryEntry>> reading)
    {
        MetadataResult<DirectoryEntry> entry = await reading;
        return entry.Succeeded ? Show(view, entry.Value) : entry;
    }

    private static async ValueTask<MetadataResult<int>> ShowAsync(
        ushort view, ValueTask<MetadataResult<int>> reading, Memory<DirectoryEntry> buffer)
    {
        MetadataResult<int> read = await reading;
        for (int i = 0; read.Succeeded && i < read.Value; i++)
        {
            buffer.Span[i] = Show(view, buffer.Span[i]);
        }

        return read;
    }

    private static DirectoryEntry Show(ushort view, in DirectoryEntry entry) => entry with
    {
        Parent = entry.Parent.In(view),
        Inode = entry.Inode with { Id = entry.Inode.Id.In(view) },
    };
}
