using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Brings staging and metadata into agreement when a volume is opened, whatever ended the last session.</summary>
/// <remarks>
/// By what a file in staging is in the metadata: unknown, nothing refers to it: deleted once the session is claimed, else left for a check. Staged and finished: uploaded. Staged and unfinished: readable, repacked in the
/// background. Live: the upload had ended, only the rename to the cache had not, which the store is asked about. Condemned: deleted. A staged row without a file was uploaded and renamed a moment before the end.
/// </remarks>
internal sealed partial class StagingRecovery
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly StagingArea _staging;
    private readonly IMetadataStore _metadata;
    private readonly FrameCache _cache;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<(SegmentId Id, string Path)> _unknown = [];
    private readonly List<(SegmentRow Row, string Path)> _live = [];

    internal StagingRecovery(
        StagingArea staging, IMetadataStore metadata, FrameCache cache, MissingSegments missing, TimeProvider time, ILogger logger)
    {
        Missing = missing;
        _staging = staging;
        _metadata = metadata;
        _cache = cache;
        _time = time;
        _logger = logger;
    }

    /// <summary>Segments to upload.</summary>
    internal List<StagedSegment> Finished { get; } = [];

    /// <summary>Segments that should be in staging and are not.</summary>
    internal MissingSegments Missing { get; }

    /// <summary>Goes through staging. Nothing else may run yet.</summary>
    internal async Task RunAsync(bool readOnly, CancellationToken cancel)
    {
        foreach ((SegmentId id, string path) in _staging.Scan().ToList())
        {
            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(id, cancel);
            if (row.Error == MetadataError.NotFound && await IsNeededAsync(id, cancel))
            {
                LogNeeded(_logger, id);
                continue;
            }

            try
            {
                Settle(row, id, path, readOnly);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                LogNotSettled(_logger, id, exception.HResult); // One bad file does not keep everything else from being mounted. The next mount meets it again.
            }
        }

        if (readOnly)
        {
            return;
        }

        foreach (string leftover in Directory.EnumerateFiles(_staging.Directory, "stream-*"))
        {
            DeleteLeftover(leftover); // A publication that was cut short.
        }

        foreach (string leftover in Directory.EnumerateFiles(_staging.Directory, SegmentReplication.FilePattern))
        {
            DeleteLeftover(leftover); // So was this copy.
        }

        await Missing.CollectAsync(cancel);
        LogRecovered(_logger, Finished.Count, _staging.Stranded.Count);
    }

    /// <summary>
    /// Lets go of what has been uploaded: it becomes part of the cache. What a check gave up as lost, and what has come back since, is uploaded. To be called by who has the
    /// session; what the store does not tell now is left for the next mount.
    /// </summary>
    internal async Task SettleLiveAsync(VolumeStores stores, Uploader uploader, CancellationToken cancel)
    {
        foreach ((SegmentRow row, string path) in _live)
        {
            MetadataResult<SegmentRow> now = await _metadata.GetSegmentAsync(row.Id, cancel);
            if (now.Succeeded && now.Value.State == SegmentState.Live)
            {
                await SettleLiveAsync(now.Value, path, stores, uploader, cancel);
            }
        }

        _live.Clear();
    }

    /// <summary>
    /// Deletes what nothing in the metadata knows. To be called by who has the session: metadata that was put back to an older state does not know what is newer, and
    /// nobody can be told so before the store was asked.
    /// </summary>
    internal async Task DeleteUnknownAsync(CancellationToken cancel)
    {
        foreach ((SegmentId id, string path) in _unknown)
        {
            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(id, cancel);
            if (row.Error == MetadataError.NotFound)
            {
                DeleteLeftover(path);
            }
        }

        _unknown.Clear();
    }

    /// <summary>Looks for the objects of staged rows whose files are gone, until none is left. Needs the store, so it runs in the background.</summary>
    internal async Task FindMissingAsync(CancellationToken cancel)
    {
        for (TimeSpan pause = FirstPause; !await Missing.TryFindAllAsync(cancel); pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            await Task.Delay(pause, _time, cancel);
        }
    }

    // Rows never come before their segment's. When the database was damaged, the file may be all there is of the data, and the check makes its row again.
    private async ValueTask<bool> IsNeededAsync(SegmentId segment, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> uses = await _metadata.GetSegmentUsesAsync(segment, cancel);
        MetadataResult<IReadOnlyList<SegmentUse>> past = await _metadata.GetSegmentPastUsesAsync(segment, cancel);
        return !uses.Succeeded || !past.Succeeded || uses.Value.Count + past.Value.Count > 0;
    }

    private void Settle(MetadataResult<SegmentRow> row, SegmentId id, string path, bool readOnly)
    {
        if (row.Succeeded && row.Value.State == SegmentState.Staged)
        {
            Take(row.Value, path);
        }
        else if (!readOnly && row.Succeeded && row.Value.State == SegmentState.Live)
        {
            _live.Add((row.Value, path));
        }
        else if (!readOnly && row.Succeeded)
        {
            File.Delete(path);
        }
        else if (!readOnly && row.Error == MetadataError.NotFound)
        {
            _unknown.Add((id, path));
        }
    }

    private void DeleteLeftover(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogLeftover(_logger, exception.HResult);
        }
    }

    private void Take(SegmentRow row, string path)
    {
        var file = new FileInfo(path);
        StagedSegment staged = _staging.Add(row, file.LastWriteTimeUtc, file.Length);
        bool finished = row.ObjectLength > 0 && row.ObjectLength == file.Length;
        if (finished)
        {
            Finished.Add(staged);
            return;
        }

        _staging.Strand(staged.Id);
    }

    private async Task SettleLiveAsync(SegmentRow row, string path, VolumeStores stores, Uploader uploader, CancellationToken cancel)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length != row.ObjectLength)
        {
            LogNeeded(_logger, row.Id); // A check gave it up and did not know how long it is: it may be all there is of the data.
            return;
        }

        bool isKnown = true;
        foreach (MemberStore member in stores.IsSingle ? [stores.Home] : stores.InOrder(row, 0))
        {
            StoreResult<ObjectProperties> found = member.Store is { } store
                ? await store.GetPropertiesAsync(StoreLayout.Segment(row.Id), cancel)
                : StoreError.Unavailable;
            if (found.Succeeded && found.Value.Length == row.ObjectLength)
            {
                Adopt(row, path);
                return;
            }

            isKnown &= found.Succeeded || found.Error == StoreError.NotFound;
        }

        if (isKnown)
        {
            uploader.Enqueue(_staging.Add(row, file.LastWriteTimeUtc, file.Length));
        }
    }

    private void Adopt(SegmentRow row, string path)
    {
        try
        {
            _cache.Adopt(row.Id, path, row.ObjectLength);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotSettled(_logger, row.Id, exception.HResult);
            DeleteLeftover(path); // The cache's disk does not take it, and the store has it.
        }
    }

    [LoggerMessage(585, LogLevel.Information, "Recovery: {Finished} staged segments to upload, {Unfinished} to repack")]
    private static partial void LogRecovered(ILogger logger, int finished, int unfinished);

    [LoggerMessage(587, LogLevel.Warning, "Recovery: the file of segment {Segment} in staging could not be brought to where it belongs (error {Error})")]
    private static partial void LogNotSettled(ILogger logger, SegmentId segment, int error);

    [LoggerMessage(588, LogLevel.Warning, "Recovery: what a publication left in staging could not be deleted (error {Error}); the next mount tries again")]
    private static partial void LogLeftover(ILogger logger, int error);

    [LoggerMessage(589, LogLevel.Error, "Segment {Segment} is in staging, files refer to it and its row does not fit: it stays there; run 'hipaafs fsck --repair'")]
    private static partial void LogNeeded(ILogger logger, SegmentId segment);
}
