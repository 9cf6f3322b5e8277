using HipaaFs.Crypto;

namespace HipaaFs.Metadata;

/// <summary>One state of a volume's tree, to be read: the live one, or that of a snapshot.</summary>
/// <remarks>Thread-safe. Calls may complete synchronously. A snapshot's view answers <see cref="MetadataError.SnapshotGone"/> from the moment its deletion was applied.</remarks>
public interface IMetadataView
{
    /// <summary>Reads an inode, an orphan too.</summary>
    ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(InodeId inode, CancellationToken cancel = default);

    /// <summary>Finds an entry of a directory.</summary>
    ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(InodeId parent, NameTag name, CancellationToken cancel = default);

    /// <summary>Reads entries of a directory in the order of their tags and answers how many.</summary>
    /// <param name="directory">The directory; one without a name is empty.</param>
    /// <param name="after">Begin with the first tag greater than this one; null begins at the start.</param>
    /// <param name="buffer">Filled by the store, at most to its length. Fewer entries mean the end.</param>
    /// <param name="cancel">Ends the call.</param>
    ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default);

    /// <summary>Reads entries as <see cref="ReadDirectoryAsync"/> does, beginning with the first tag whose <see cref="NameTag.High64"/> is at least <paramref name="fromHigh64"/>.</summary>
    ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default);

    /// <summary>Finds one entry that names the inode; of several the one of the lowest parent and tag. For a directory its parent is "..".</summary>
    ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(InodeId inode, CancellationToken cancel = default);

    /// <summary>Reads the sealed target of a symbolic link; <see cref="MetadataError.Conflict"/> for another kind of inode.</summary>
    ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(InodeId inode, CancellationToken cancel = default);

    /// <summary>Reads an extended attribute; <see cref="MetadataError.NoAttribute"/> when the inode does not have it.</summary>
    ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(InodeId inode, NameTag name, CancellationToken cancel = default);

    /// <summary>Reads all extended attributes of an inode in the order of their tags.</summary>
    ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(InodeId inode, CancellationToken cancel = default);

    /// <summary>Reads the extents that overlap a range of a file, in file order.</summary>
    /// <param name="inode">The file.</param>
    /// <param name="offset">First byte of the range.</param>
    /// <param name="length">Length of the range.</param>
    /// <param name="limit">The most extents to answer.</param>
    /// <param name="cancel">Ends the call.</param>
    ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default);
}
