using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Testing.Metadata;

/// <content>Reads and changes.</content>
public sealed partial class MemoryMetadataStore
{
    /// <inheritdoc/>
    public ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(MetadataResult<InodeAttributes> () => _names.Find(inode) is { } found ? found : MetadataError.NotFound);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(InodeId parent, NameTag name, CancellationToken cancel = default) =>
        Read(MetadataResult<DirectoryEntry> () =>
            _names.Find(parent) is { IsDirectory: false } ? MetadataError.NotADirectory
            : _tables.Entries.Find((parent, name)) is { Value: var entry } ? Entry(parent, entry)
            : MetadataError.NotFound);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        Read(() => Fill(directory, tag => after is null || tag > after.Value, buffer));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default) =>
        Read(() => Fill(directory, tag => tag.High64 >= fromHigh64, buffer));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(MetadataResult<DirectoryEntry> () =>
        {
            var found = _tables.Entries.Rows.FirstOrDefault(row => row.Value.Value.Child == inode);
            return found.Key.Parent.Value == 0 ? MetadataError.NotFound : Entry(found.Key.Parent, found.Value.Value);
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(MetadataResult<ReadOnlyMemory<byte>> () =>
            _tables.Symlinks.Find(inode) is { } row ? row.Value
            : _names.Find(inode) is null ? MetadataError.NotFound
            : MetadataError.Conflict);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(InodeId inode, NameTag name, CancellationToken cancel = default) =>
        Read(MetadataResult<SealedXattr> () =>
            _names.Find(inode) is null ? MetadataError.NotFound
            : _tables.Xattrs.Find((inode, name)) is { } row ? row.Value
            : MetadataError.NoAttribute);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(InodeId inode, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<SealedXattr>> () => _names.Find(inode) is null
            ? MetadataError.NotFound
            : _tables.Xattrs.Rows.Where(row => row.Key.Inode == inode).Select(row => row.Value.Value).ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default) =>
        Read(MetadataResult<ExtentPage> () =>
        {
            if (_names.Find(inode) is null)
            {
                return MetadataError.NotFound;
            }

            List<Extent> extents = length <= 0 ? [] : _content.Overlapping(inode, offset, MemoryContent.End(offset, length));
            return new ExtentPage(extents.Take(limit).ToList(), extents.Count > limit);
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<DirectoryEntry>>> CreateAsync(CreateRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _names.Create(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> LinkAsync(LinkRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _names.Link(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> UnlinkAsync(UnlinkRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _names.Unlink(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<RenameOutcome>>> RenameAsync(RenameRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _names.Rename(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> SetAttributesAsync(
        SetAttributesRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _content.SetAttributes(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> SetXattrAsync(SetXattrRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _names.SetXattr(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> RemoveXattrAsync(
        RemoveXattrRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _names.RemoveXattr(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> WriteExtentsAsync(
        WriteExtentsRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _content.Write(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> DeallocateAsync(
        DeallocateRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _content.Deallocate(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> CloneExtentsAsync(
        CloneExtentsRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _content.Clone(request));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<RelocationOutcome>>> RelocateAsync(RelocateRequest request, CancellationToken cancel = default) =>
        Apply(request.Operation, () => _content.Relocate(request), alone: true);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> ReleaseOrphanAsync(
        OperationId operation, InodeId inode, CancellationToken cancel = default) =>
        ApplyPlain(operation, () => _names.ReleaseOrphan(inode));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<OrphanRow>>> ListOrphansAsync(
        SessionId? exceptSession, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<OrphanRow>> () =>
            _tables.Orphans.Rows.Select(row => row.Value).Where(row => row.Session != exceptSession).ToList());

    private DirectoryEntry Entry(InodeId parent, (EntryName Name, InodeId Child) entry) =>
        new(parent, entry.Name, _names.Find(entry.Child)!.Value);

    private MetadataResult<int> Fill(InodeId directory, Func<NameTag, bool> wanted, Memory<DirectoryEntry> buffer)
    {
        if (_names.Find(directory) is not { } inode)
        {
            return MetadataError.NotFound;
        }

        if (!inode.IsDirectory)
        {
            return MetadataError.NotADirectory;
        }

        DirectoryEntry[] entries = _tables.Entries.Rows
            .Where(row => row.Key.Parent == directory && wanted(row.Key.Tag))
            .Take(buffer.Length)
            .Select(row => Entry(directory, row.Value.Value))
            .ToArray();
        entries.CopyTo(buffer);
        return entries.Length;
    }
}
