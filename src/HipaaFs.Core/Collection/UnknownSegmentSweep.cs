using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Collection;

/// <summary>
/// Finds, and deletes for who asks for it, segments of the store that this volume knows nothing of: what a machine that is gone uploaded after its last backup point.
/// </summary>
/// <remarks>
/// <para>Never by itself: they are all that is left of what was done after that point, and whoever finds that machine's disk, or another object of its change stream, may want
/// them. A segment counts as unknown when there is no row of it and no extent refers to it, of the live tree or of a snapshot. Rows are made before uploads begin and
/// looked for after the listing, so that none of this session's own is among them.</para>
/// <para>What is deleted was last written before this session claimed the volume, by the collector's grace at least; both times are the store's. Whoever wrote it is
/// fenced off. The caller has published before, so that a restore finds a state of this session.</para>
/// </remarks>
internal sealed partial class UnknownSegmentSweep
{
    private const int Page = 1000;

    private readonly IMetadataStore _metadata;
    private readonly IObjectStore _store;
    private readonly ChangePublisher _publisher;
    private readonly SessionFence _fence;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="metadata">The rows.</param>
    /// <param name="store">The store.</param>
    /// <param name="publisher">Says whether this session has published.</param>
    /// <param name="fence">Says whether this session is the newest.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of every segment that is deleted.</param>
    internal UnknownSegmentSweep(
        IMetadataStore metadata, IObjectStore store, ChangePublisher publisher, SessionFence fence, TimeProvider time, ILogger logger)
    {
        _metadata = metadata;
        _store = store;
        _publisher = publisher;
        _fence = fence;
        _time = time;
        _logger = logger;
    }

    /// <summary>Looks at all segments of the store.</summary>
    /// <param name="deletes">Whether to delete what is found.</param>
    /// <param name="progress">Told how many were looked at; null when nobody asks.</param>
    /// <param name="cancel">Ends it; what is deleted stays deleted.</param>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async Task<UnknownReport> RunAsync(bool deletes, IProgress<GarbageProgress>? progress, CancellationToken cancel)
    {
        var report = new UnknownReport(0, 0, 0, 0, 0, IsComplete: false);
        if (deletes && _publisher.PublishedSequence == default && await _publisher.PublishAsync(cancel) != StoreError.None)
        {
            return report;
        }

        StoreResult<ObjectProperties> claim = await _store.GetPropertiesAsync(StoreLayout.Session(_fence.Session.Value), cancel);
        if (!claim.Succeeded || !await _fence.HoldsStoreAsync(cancel))
        {
            return report;
        }

        DateTimeOffset before = claim.Value.LastModified - SegmentCollector.Grace;
        bool isComplete = true;
        long seen = 0;
        int tried = 0; // Since a newer session was looked for.
        long lookedAt = _time.GetTimestamp();
        ObjectKey? after = null;
        while (true)
        {
            StoreResult<ObjectPage> page = await _store.ListAsync(StoreLayout.SegmentPrefix, after, Page, cancel);
            if (!page.Succeeded)
            {
                return report;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                after = found.Key;
                progress?.Report(new GarbageProgress(GarbageProgress.Delete, ++seen, 0));
                if (!StoreLayout.TrySegment(found.Key, out SegmentId segment) || await IsKnownAsync(segment, cancel))
                {
                    continue;
                }

                if (found.LastModified > before)
                {
                    report = report with { YoungSegments = report.YoungSegments + 1 };
                    continue;
                }

                report = report with { Segments = report.Segments + 1, Bytes = report.Bytes + found.Length };
                if (!deletes)
                {
                    continue;
                }

                if (tried == SegmentCollector.MostBetweenLooks || _time.GetElapsedTime(lookedAt) >= SegmentCollector.LongestBetweenLooks)
                {
                    if (!await _fence.HoldsStoreAsync(cancel))
                    {
                        return report; // It may know what is left.
                    }

                    tried = 0;
                    lookedAt = _time.GetTimestamp();
                }

                tried++;
                StoreResult<bool> deleted = await _store.DeleteAsync(found.Key, EntityTag.Any, cancel);
                if (!deleted.Succeeded)
                {
                    LogNotDeleted(_logger, segment, deleted.Error);
                    isComplete = false;
                    continue;
                }

                LogDeleted(_logger, segment);
                report = report with { DeletedSegments = report.DeletedSegments + 1, DeletedBytes = report.DeletedBytes + found.Length };
            }

            if (!page.Value.More)
            {
                return report with { IsComplete = isComplete };
            }
        }
    }

    // A file may refer to a segment whose row was lost: fsck makes that again, from this very object.
    private async ValueTask<bool> IsKnownAsync(SegmentId segment, CancellationToken cancel)
    {
        MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
        if (row.Succeeded || row.Error != MetadataError.NotFound)
        {
            return row.Succeeded ? true : throw Unreadable(row.Error);
        }

        return await IsUsedAsync(_metadata.GetSegmentUsesAsync(segment, cancel)) || await IsUsedAsync(_metadata.GetSegmentPastUsesAsync(segment, cancel));
    }

    private static async ValueTask<bool> IsUsedAsync(ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> asked)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> uses = await asked;
        return uses.Succeeded ? uses.Value.Count > 0 : throw Unreadable(uses.Error);
    }

    private static IOException Unreadable(MetadataError error) => new($"read the metadata: {error}");

    [LoggerMessage(603, LogLevel.Information, "Segment {Segment}, which this volume knows nothing of, was deleted from the store at request")]
    private static partial void LogDeleted(ILogger logger, SegmentId segment);

    [LoggerMessage(604, LogLevel.Warning, "Segment {Segment}, which this volume knows nothing of, could not be deleted ({Error})")]
    private static partial void LogNotDeleted(ILogger logger, SegmentId segment, StoreError error);
}
