using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Snapshots;

/// <summary>What an id of a view that nobody opened shows: nothing, as a deleted snapshot does.</summary>
internal sealed class MissingView : IMetadataView
{
    internal static readonly MissingView Instance = new();

    public ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(
        InodeId inode, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);

    public ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(
        InodeId parent, NameTag name, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);

    public ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);

    public ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);

    public ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(
        InodeId inode, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);

    public ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(
        InodeId inode, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);

    public ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(
        InodeId inode, NameTag name, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);

    public ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(
        InodeId inode, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);

    public ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default) =>
        new(MetadataError.SnapshotGone);
}
