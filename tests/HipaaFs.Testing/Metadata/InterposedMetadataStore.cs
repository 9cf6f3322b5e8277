using System.Runtime.CompilerServices;
using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Testing.Metadata;

/// <summary>Runs something before every call of another store: a delay, or the calls of somebody else.</summary>
public sealed class InterposedMetadataStore : IMetadataStore
{
    private readonly IMetadataStore _store;
    private readonly Func<IMetadataStore, ValueTask> _before;

    /// <summary>Owns <paramref name="store"/> from now on.</summary>
    public InterposedMetadataStore(IMetadataStore store, Func<IMetadataStore, ValueTask> before)
    {
        _store = store;
        _before = before;
    }

    /// <summary>Decides whether a change of attributes fails, with what; null never.</summary>
    public Func<SetAttributesRequest, MetadataError>? RefuseAttributes { get; set; }

    /// <summary>Decides whether a change of a segment's row fails, with what; null never.</summary>
    public Func<SegmentRow, MetadataError>? RefuseSegment { get; set; }

    /// <summary>Decides whether a setting cannot be read, with what; null never.</summary>
    public Func<string, MetadataError>? RefuseSetting { get; set; }

    /// <summary>Decides whether a setting cannot be written, with what; null never.</summary>
    public Func<string, MetadataError>? RefuseSettingChange { get; set; }

    /// <summary>Runs before rows of a file's extents are written; null does nothing.</summary>
    public Func<WriteExtentsRequest, Task>? BeforeWriteExtents { get; set; }

    /// <summary>Waited for before an inode is made; null: nothing.</summary>
    public Func<CreateRequest, Task>? BeforeCreate { get; set; }

    /// <summary>Waited for before a name is removed; null: nothing.</summary>
    public Func<Task>? BeforeUnlink { get; set; }

    /// <inheritdoc/>
    public VolumeUsage Usage => _store.Usage;

    /// <inheritdoc/>
    public VolumeUsage GetUsage(uint placement) => _store.GetUsage(placement);

    /// <inheritdoc/>
    public VolumeUsage GetUsage(uint placement, uint uid) => _store.GetUsage(placement, uid);

    /// <inheritdoc/>
    public IReadOnlyList<OwnerUsage> ListUsage() => _store.ListUsage();

    /// <inheritdoc/>
    public CommitSequence Applied => _store.Applied;

    /// <inheritdoc/>
    public CommitSequence Durable => _store.Durable;

    /// <inheritdoc/>
    public CancellationToken Failure => _store.Failure;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _store.DisposeAsync();

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<InodeAttributes>> GetInodeAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.GetInodeAsync(inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<DirectoryEntry>> LookupAsync(
        InodeId parent, NameTag name, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.LookupAsync(parent, name, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<int>> ReadDirectoryAsync(
        InodeId directory, NameTag? after, Memory<DirectoryEntry> buffer, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ReadDirectoryAsync(directory, after, buffer, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<int>> ReadDirectoryFromAsync(
        InodeId directory, ulong fromHigh64, Memory<DirectoryEntry> buffer, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ReadDirectoryFromAsync(directory, fromHigh64, buffer, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<DirectoryEntry>> FindEntryAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.FindEntryAsync(inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<ReadOnlyMemory<byte>>> ReadLinkAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ReadLinkAsync(inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<SealedXattr>> GetXattrAsync(
        InodeId inode, NameTag name, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.GetXattrAsync(inode, name, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SealedXattr>>> ListXattrsAsync(
        InodeId inode, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListXattrsAsync(inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<ExtentPage>> GetExtentsAsync(
        InodeId inode, long offset, long length, int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.GetExtentsAsync(inode, offset, length, limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<DirectoryEntry>>> CreateAsync(
        CreateRequest request, CancellationToken cancel = default)
    {
        await (BeforeCreate?.Invoke(request) ?? Task.CompletedTask);
        await _before(_store);
        return await _store.CreateAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<InodeAttributes>>> LinkAsync(
        LinkRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.LinkAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<InodeAttributes>>> UnlinkAsync(
        UnlinkRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        await (BeforeUnlink?.Invoke() ?? Task.CompletedTask);
        return await _store.UnlinkAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<RenameOutcome>>> RenameAsync(
        RenameRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.RenameAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<InodeAttributes>>> SetAttributesAsync(
        SetAttributesRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        MetadataError refused = RefuseAttributes?.Invoke(request) ?? MetadataError.None;
        return refused == MetadataError.None ? await _store.SetAttributesAsync(request, cancel) : refused;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<InodeAttributes>>> SetXattrAsync(
        SetXattrRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.SetXattrAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<InodeAttributes>>> RemoveXattrAsync(
        RemoveXattrRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.RemoveXattrAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<InodeAttributes>>> WriteExtentsAsync(
        WriteExtentsRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        await (BeforeWriteExtents?.Invoke(request) ?? Task.CompletedTask);
        return await _store.WriteExtentsAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<InodeAttributes>>> DeallocateAsync(
        DeallocateRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.DeallocateAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<InodeAttributes>>> CloneExtentsAsync(
        CloneExtentsRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.CloneExtentsAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<RelocationOutcome>>> RelocateAsync(RelocateRequest request, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.RelocateAsync(request, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> ReleaseOrphanAsync(
        OperationId operation, InodeId inode, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ReleaseOrphanAsync(operation, inode, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> AddSegmentAsync(
        OperationId operation, SegmentRow segment, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.AddSegmentAsync(operation, segment, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> UpdateSegmentAsync(
        OperationId operation, SegmentRow segment, CancellationToken cancel = default)
    {
        await _before(_store);
        MetadataError refused = RefuseSegment?.Invoke(segment) ?? MetadataError.None;
        return refused == MetadataError.None ? await _store.UpdateSegmentAsync(operation, segment, cancel) : refused;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> SetCopiesAsync(
        OperationId operation, SegmentId segment, ulong present, ulong absent, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.SetCopiesAsync(operation, segment, present, absent, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListLackingAsync(
        uint placement, ulong wanted, SegmentRow? after, int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListLackingAsync(placement, wanted, after, limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListGroupAsync(
        uint placement, ulong copies, SegmentRow? after, int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListGroupAsync(placement, copies, after, limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListHoldingAsync(
        int store, SegmentRow? after, int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListHoldingAsync(store, after, limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<CopyTotals>> SumCopiesAsync(CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.SumCopiesAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> CondemnSegmentAsync(
        OperationId operation, SegmentId segment, Timestamp now, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.CondemnSegmentAsync(operation, segment, now, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> ForgetSegmentAsync(
        OperationId operation, SegmentId segment, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ForgetSegmentAsync(operation, segment, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<SegmentRow>> GetSegmentAsync(
        SegmentId segment, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.GetSegmentAsync(segment, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListSegmentsAsync(
        SegmentState state, SegmentId? after, int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListSegmentsAsync(state, after, limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListUnreferencedSegmentsAsync(
        int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListUnreferencedSegmentsAsync(limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentUsage>>> ListSegmentUsagesAsync(
        SegmentId? after, int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListSegmentUsagesAsync(after, limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<FragmentedRange>>> ListFragmentedAsync(
        InodeId after, long window, int extents, int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListFragmentedAsync(after, window, extents, limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<MisplacedFile>>> ListMisplacedAsync(
        InodeId after, int limit, IReadOnlyDictionary<(uint File, uint Segment), long> heads, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListMisplacedAsync(after, limit, heads, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<InodeAttributes>>> ListAgedAsync(
        uint placement, Timestamp writtenBefore, long leastBytes, InodeId after, int limit, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListAgedAsync(placement, writtenBefore, leastBytes, after, limit, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyDictionary<uint, long>>> SumRemovedAsync(CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.SumRemovedAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> GetSegmentUsesAsync(
        SegmentId segment, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.GetSegmentUsesAsync(segment, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> GetSegmentPastUsesAsync(
        SegmentId segment, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.GetSegmentPastUsesAsync(segment, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<SessionRow>>> OpenSessionAsync(
        SessionOpening opening, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.OpenSessionAsync(opening, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> CloseSessionAsync(
        SessionId session, Timestamp now, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.CloseSessionAsync(session, now, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SessionRow>>> ListSessionsAsync(
        CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListSessionsAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<InodeRange>> ReserveInodesAsync(
        SessionId session, int count, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ReserveInodesAsync(session, count, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<OrphanRow>>> ListOrphansAsync(
        SessionId? exceptSession, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListOrphansAsync(exceptSession, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<CommitSequence>> MakeDurableAsync(
        CommitSequence upTo, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.MakeDurableAsync(upTo, cancel);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChangeBatch> ChangesSinceAsync(
        CommitSequence after, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await _before(_store);
        await foreach (ChangeBatch batch in _store.ChangesSinceAsync(after, cancel))
        {
            yield return batch;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> TrimChangesAsync(
        CommitSequence upTo, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.TrimChangesAsync(upTo, cancel);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChangeBatch> DumpAsync(
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await _before(_store);
        await foreach (ChangeBatch batch in _store.DumpAsync(cancel))
        {
            yield return batch;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> LoadAsync(
        ChangeBatch batch, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.LoadAsync(batch, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied<SnapshotRow>>> CreateSnapshotAsync(
        OperationId operation, ReadOnlyMemory<byte> label, Timestamp now, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.CreateSnapshotAsync(operation, label, now, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<IReadOnlyList<SnapshotRow>>> ListSnapshotsAsync(
        CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.ListSnapshotsAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<ReadOnlyMemory<byte>>> GetSettingAsync(
        string key, CancellationToken cancel = default)
    {
        await _before(_store);
        MetadataError refused = RefuseSetting?.Invoke(key) ?? MetadataError.None;
        return refused == MetadataError.None ? await _store.GetSettingAsync(key, cancel) : refused;
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> SetSettingAsync(
        OperationId operation, string key, ReadOnlyMemory<byte>? value, CancellationToken cancel = default)
    {
        await _before(_store);
        MetadataError refused = RefuseSettingChange?.Invoke(key) ?? MetadataError.None;
        return refused == MetadataError.None ? await _store.SetSettingAsync(operation, key, value, cancel) : refused;
    }

    /// <inheritdoc/>
    public IMetadataView OpenSnapshot(SnapshotId snapshot) =>
        new InterposedMetadataView(_store.OpenSnapshot(snapshot), () => _before(_store));

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<Applied>> DeleteSnapshotAsync(
        OperationId operation, SnapshotId snapshot, CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.DeleteSnapshotAsync(operation, snapshot, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<CommitSequence>> PurgeSnapshotsAsync(CancellationToken cancel = default)
    {
        await _before(_store);
        return await _store.PurgeSnapshotsAsync(cancel);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<InodeDifference> CompareAsync(
        SnapshotId from, SnapshotId? to, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await _before(_store);
        await foreach (InodeDifference difference in _store.CompareAsync(from, to, cancel))
        {
            yield return difference;
        }
    }
}
