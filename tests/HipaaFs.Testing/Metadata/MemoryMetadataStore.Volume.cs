using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Testing.Metadata;

/// <content>Segments, sessions, settings.</content>
public sealed partial class MemoryMetadataStore
{
    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> AddSegmentAsync(
        OperationId operation, SegmentRow segment, CancellationToken cancel = default) =>
        ApplyPlain(operation, () =>
        {
            MetadataError error = segment.State is not (SegmentState.Staged or SegmentState.Live) ? MetadataError.Conflict
                : _tables.Segments.Find(segment.Id.Value) is not null ? MetadataError.Exists
                : MetadataError.None;
            return PutSegment(error, WithCopies(segment, segment.Copies));
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> UpdateSegmentAsync(
        OperationId operation, SegmentRow segment, CancellationToken cancel = default) =>
        ApplyPlain(operation, () =>
        {
            if (_tables.Segments.Find(segment.Id.Value) is not { } old)
            {
                return MetadataError.NotFound;
            }

            bool forward = old.State != SegmentState.Condemned && segment.State >= old.State && segment.State <= SegmentState.Live;
            ulong copies = old.State == SegmentState.Live ? old.Copies : segment.Copies;
            return PutSegment(forward ? MetadataError.None : MetadataError.Conflict, WithCopies(segment, copies));
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> CondemnSegmentAsync(
        OperationId operation, SegmentId segment, Timestamp now, CancellationToken cancel = default) =>
        ApplyPlain(operation, () =>
        {
            if (_tables.Segments.Find(segment.Value) is not { } row)
            {
                return MetadataError.NotFound;
            }

            if (row.State == SegmentState.Condemned)
            {
                return true;
            }

            return PutSegment(
                IsUsed(segment) ? MetadataError.Conflict : MetadataError.None,
                row with { State = SegmentState.Condemned, Changed = now, Condemned = new CommitSequence(_applied + 1) });
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> ForgetSegmentAsync(
        OperationId operation, SegmentId segment, CancellationToken cancel = default) =>
        ApplyPlain(operation, () =>
        {
            if (_tables.Segments.Find(segment.Value) is not { } row)
            {
                return MetadataError.NotFound;
            }

            if (row.State != SegmentState.Condemned)
            {
                return MetadataError.Conflict;
            }

            _tables.Segments.Remove(segment.Value);
            return true;
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<SegmentRow>> GetSegmentAsync(SegmentId segment, CancellationToken cancel = default) =>
        Read(MetadataResult<SegmentRow> () => _tables.Segments.Find(segment.Value) is { } row ? row : MetadataError.NotFound);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListSegmentsAsync(
        SegmentState state, SegmentId? after, int limit, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<SegmentRow>> () => _tables.Segments.Rows
            .Select(row => row.Value)
            .Where(row => row.State == state && (after is null || row.Id.Value > after.Value.Value))
            .Take(limit)
            .ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentRow>>> ListUnreferencedSegmentsAsync(
        int limit, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<SegmentRow>> () => _tables.Segments.Rows
            .Select(row => row.Value)
            .Where(row => row.State == SegmentState.Live && !IsUsed(row.Id))
            .Take(limit)
            .ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> GetSegmentUsesAsync(
        SegmentId segment, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<SegmentUse>> () => _tables.Extents.Rows
            .Where(row => row.Value.Value.Segment == segment)
            .Select(row => new SegmentUse(row.Key.Inode, row.Value.Value))
            .OrderBy(use => use.Extent.PlaintextOffset)
            .ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> GetSegmentPastUsesAsync(
        SegmentId segment, CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<SegmentUse>> () => _tables.Extents.Past
            .Where(past => past.Row.Value.Segment == segment)
            .Select(past => new SegmentUse(past.Key.Inode, past.Row.Value))
            .OrderBy(use => use.Extent.PlaintextOffset)
            .ToList());

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied<SessionRow>>> OpenSessionAsync(
        SessionOpening opening, CancellationToken cancel = default) =>
        Apply(OperationId.None, MetadataResult<SessionRow> () =>
        {
            ulong next = Math.Max(_tables.Sessions.Rows.LastOrDefault().Key.Value + 1, opening.AtLeast.Value);
            var row = new SessionRow(new SessionId(next), opening.Host, opening.ProcessId, opening.Now, null);
            _tables.Sessions.Set(row.Id, row);
            return row;
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> CloseSessionAsync(
        SessionId session, Timestamp now, CancellationToken cancel = default) =>
        ApplyPlain(OperationId.None, () =>
        {
            if (_tables.Sessions.Find(session) is not { } row)
            {
                return MetadataError.NotFound;
            }

            _tables.Sessions.Set(session, row with { Closed = now });
            return true;
        });

    /// <inheritdoc/>
    public ValueTask<MetadataResult<IReadOnlyList<SessionRow>>> ListSessionsAsync(CancellationToken cancel = default) =>
        Read(MetadataResult<IReadOnlyList<SessionRow>> () => _tables.Sessions.Rows.Select(row => row.Value).ToList());

    /// <inheritdoc/>
    public async ValueTask<MetadataResult<InodeRange>> ReserveInodesAsync(
        SessionId session, int count, CancellationToken cancel = default)
    {
        MetadataResult<Applied<InodeRange>> reserved = await Apply(OperationId.None, MetadataResult<InodeRange> () =>
        {
            const uint counter = (uint)VolumeCounter.NextInode;
            ulong next = _tables.Counters.Find(counter) ?? InodeId.Root.Value + 1;
            _tables.Counters.Set(counter, next + (ulong)count);
            return new InodeRange(new InodeId(next), count);
        });
        return reserved.Value.Value;
    }

    /// <inheritdoc/>
    public ValueTask<MetadataResult<ReadOnlyMemory<byte>>> GetSettingAsync(string key, CancellationToken cancel = default) =>
        Read(MetadataResult<ReadOnlyMemory<byte>> () => _tables.Settings.Find(key) is { } value ? value : MetadataError.NotFound);

    /// <inheritdoc/>
    public ValueTask<MetadataResult<Applied>> SetSettingAsync(
        OperationId operation, string key, ReadOnlyMemory<byte>? value, CancellationToken cancel = default) =>
        ApplyPlain(operation, () =>
        {
            if (value is { } present)
            {
                _tables.Settings.Set(key, present);
            }
            else
            {
                _tables.Settings.Remove(key);
            }

            return true;
        });

    private bool IsUsed(SegmentId segment) =>
        _tables.Extents.Past.Any(past => past.Row.Value.Segment == segment)
        || _tables.Extents.Rows.Any(row => row.Value.Value.Segment == segment);

    private static SegmentRow WithCopies(in SegmentRow segment, ulong copies) =>
        segment with { Condemned = default, Copies = SegmentCopies.Kept(segment.State, copies) };

    private MetadataResult<bool> PutSegment(MetadataError error, SegmentRow segment)
    {
        if (error != MetadataError.None)
        {
            return error;
        }

        _tables.Segments.Set(segment.Id.Value, segment);
        return true;
    }
}
