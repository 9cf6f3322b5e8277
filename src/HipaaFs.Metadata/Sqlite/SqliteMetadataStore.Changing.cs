using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite.Requests;

namespace HipaaFs.Metadata.Sqlite;

/// <content>Changes of the live view.</content>
public sealed partial class SqliteMetadataStore
{
    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<DirectoryEntry>>> CreateAsync(CreateRequest request, CancellationToken cancel = default) =>
        Apply(Operations.Create, request);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> LinkAsync(LinkRequest request, CancellationToken cancel = default) =>
        Apply(Operations.Link, request);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> UnlinkAsync(UnlinkRequest request, CancellationToken cancel = default) =>
        Apply(Operations.Unlink, request);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<RenameOutcome>>> RenameAsync(RenameRequest request, CancellationToken cancel = default) =>
        Apply(Operations.Rename, request);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> SetAttributesAsync(
        SetAttributesRequest request, CancellationToken cancel = default) =>
        Apply(Operations.SetAttributes, request);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> SetXattrAsync(SetXattrRequest request, CancellationToken cancel = default) =>
        Apply(Operations.SetXattr, request);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> RemoveXattrAsync(
        RemoveXattrRequest request, CancellationToken cancel = default) =>
        Apply(Operations.RemoveXattr, request);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> WriteExtentsAsync(
        WriteExtentsRequest request, CancellationToken cancel = default) =>
        Apply(Operations.WriteExtents, request with { Extents = request.Extents.ToArray() });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> DeallocateAsync(
        DeallocateRequest request, CancellationToken cancel = default) =>
        Apply(Operations.Deallocate, request);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<InodeAttributes>>> CloneExtentsAsync(
        CloneExtentsRequest request, CancellationToken cancel = default) =>
        Apply(Operations.CloneExtents, request);

    // Alone in its batch: what a row was before and after it in one batch, coalesced, would not tell a reader which of the two a snapshot shows.
    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<RelocationOutcome>>> RelocateAsync(RelocateRequest request, CancellationToken cancel = default)
    {
        request = request with { Runs = request.Runs.ToArray() };
        lock (_lock)
        {
            bool kept = _options.ReadOnly || _batch.TryCommit();
            MetadataResult<Applied<RelocationOutcome>> relocated = kept ? ApplyNow(Operations.Relocate, request) : MetadataError.Failed;
            kept = kept && (_options.ReadOnly || _batch.TryCommit());
            ReportFailure();
            return new ValueTask<MetadataResult<Applied<RelocationOutcome>>>(kept ? relocated : MetadataError.Failed);
        }
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> ReleaseOrphanAsync(
        OperationId operation, InodeId inode, CancellationToken cancel = default) =>
        ApplyPlain(Operations.ReleaseOrphan, new ReleaseOrphanRequest(inode) { Operation = operation });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> AddSegmentAsync(
        OperationId operation, SegmentRow segment, CancellationToken cancel = default) =>
        ApplyPlain(Operations.AddSegment, new AddSegmentRequest(segment) { Operation = operation });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> UpdateSegmentAsync(
        OperationId operation, SegmentRow segment, CancellationToken cancel = default) =>
        ApplyPlain(Operations.UpdateSegment, new UpdateSegmentRequest(segment) { Operation = operation });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> SetCopiesAsync(
        OperationId operation, SegmentId segment, ulong present, ulong absent, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(present & absent, 0UL, nameof(absent));
        return ApplyPlain(Operations.SetCopies, new SetCopiesRequest(segment, present, absent) { Operation = operation });
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> CondemnSegmentAsync(
        OperationId operation, SegmentId segment, Timestamp now, CancellationToken cancel = default) =>
        ApplyPlain(Operations.CondemnSegment, new CondemnSegmentRequest(segment) { Operation = operation, Now = now });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> ForgetSegmentAsync(
        OperationId operation, SegmentId segment, CancellationToken cancel = default) =>
        ApplyPlain(Operations.ForgetSegment, new ForgetSegmentRequest(segment) { Operation = operation });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<SessionRow>>> OpenSessionAsync(
        SessionOpening opening, CancellationToken cancel = default) =>
        Apply(Operations.OpenSession, new OpenSessionRequest(opening));

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> CloseSessionAsync(
        SessionId session, Timestamp now, CancellationToken cancel = default) =>
        ApplyPlain(Operations.CloseSession, new CloseSessionRequest(session) { Now = now });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> SetSettingAsync(
        OperationId operation, string key, ReadOnlyMemory<byte>? value, CancellationToken cancel = default) =>
        ApplyPlain(Operations.SetSetting, new SetSettingRequest(key, value) { Operation = operation });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> TrimChangesAsync(CommitSequence upTo, CancellationToken cancel = default) =>
        ApplyPlain(Operations.TrimChanges, new TrimChangesRequest(upTo));
}
