using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Brings staging and metadata into agreement when a volume is opened, whatever ended the last session.</summary>
/// <remarks>
/// By what a file in staging is in the metadata: unknown, nothing refers to it: deleted, else left for a check. Staged and finished: uploaded. Staged and unfinished: readable, repacked in the
/// background. Live: the upload had ended, only the rename to the cache had not. Condemned: deleted. A staged row without a file was uploaded and renamed a moment before the end.
/// </remarks>
internal sealed partial class StagingRecovery
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly StagingArea _staging;
    private readonly IMetadataStore _metadata;
    private readonly FrameCache _cache;
    private readonly IObjectStore _store;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HashSet<SegmentId> _missing = [];

    internal StagingRecovery(
        StagingArea staging, IMetadataStore metadata, FrameCache cache, IObjectStore store, SessionClock clock, TimeProvider time, ILogger logger)
    {
        _staging = staging;
        _metadata = metadata;
        _cache = cache;
        _store = store;
        _clock = clock;
        _time = time;
        _logger = logger;
    }

    /// <summary>Segments to upload.</summary>
    internal List<StagedSegment> Finished { get; } = [];

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

        LogRecovered(_logger, Finished.Count, _staging.Stranded.Count);
    }

    /// <summary>Looks for the objects of staged rows whose files are gone, until none is left. Needs the store, so it runs in the background.</summary>
    internal async Task FindMissingAsync(CancellationToken cancel)
    {
        for (TimeSpan pause = FirstPause; !await TryFindMissingAsync(cancel); pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            await Task.Delay(pause, _time, cancel);
        }
    }

    // False when a row is left whose object was not found, or could not be asked for.
    private async Task<bool> TryFindMissingAsync(CancellationToken cancel)
    {
        bool all = true;
        SegmentId? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListSegmentsAsync(SegmentState.Staged, after, 256, cancel);
            if (!rows.Succeeded || rows.Value.Count == 0)
            {
                return all && rows.Succeeded;
            }

            foreach (SegmentRow row in rows.Value)
            {
                after = row.Id;
                if (!_staging.TryGet(row.Id, out _))
                {
                    all &= await TryFindAsync(row, cancel);
                }
            }
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
        else if (!readOnly && (row.Succeeded || row.Error == MetadataError.NotFound))
        {
            LetGo(row.Succeeded ? row.Value : null, id, path);
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

    private void LetGo(SegmentRow? row, SegmentId id, string path)
    {
        if (row is not { State: SegmentState.Live } live || new FileInfo(path).Length != live.ObjectLength)
        {
            File.Delete(path);
            return;
        }

        try
        {
            _cache.Adopt(id, path, live.ObjectLength);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotSettled(_logger, id, exception.HResult);
            File.Delete(path); // The cache's disk does not take it, and the store has it.
        }
    }

    private async Task<bool> TryFindAsync(SegmentRow row, CancellationToken cancel)
    {
        // The lengths may have been committed no more than the upload was.
        StoreResult<SegmentRow> found = await StoredSegment.FindAsync(_store, row, cancel);
        if (found.Succeeded)
        {
            MetadataResult<Applied> updated = await _metadata.UpdateSegmentAsync(_clock.NextOperation(), found.Value with { Changed = _clock.Now }, cancel);
            return updated.Succeeded;
        }

        // What was uploaded or repacked since the rows were listed has no file any more, and its row says so.
        MetadataResult<SegmentRow> now = await _metadata.GetSegmentAsync(row.Id, cancel);
        if (now.Error == MetadataError.NotFound || (now.Succeeded && now.Value.State != SegmentState.Staged) || _staging.TryGet(row.Id, out _))
        {
            return true;
        }

        if (found.Error is StoreError.NotFound or StoreError.Corrupt && _missing.Add(row.Id))
        {
            LogMissing(_logger, row.Id);
        }

        return false;
    }

    [LoggerMessage(585, LogLevel.Information, "Recovery: {Finished} staged segments to upload, {Unfinished} to repack")]
    private static partial void LogRecovered(ILogger logger, int finished, int unfinished);

    [LoggerMessage(586, LogLevel.Error, "Segment {Segment} is neither in staging nor whole in the store, and is looked for again; run 'hipaafs fsck' to see which files it belongs to")]
    private static partial void LogMissing(ILogger logger, SegmentId segment);

    [LoggerMessage(587, LogLevel.Warning, "Recovery: the file of segment {Segment} in staging could not be brought to where it belongs (error {Error})")]
    private static partial void LogNotSettled(ILogger logger, SegmentId segment, int error);

    [LoggerMessage(588, LogLevel.Warning, "Recovery: what a publication left in staging could not be deleted (error {Error}); the next mount tries again")]
    private static partial void LogLeftover(ILogger logger, int error);

    [LoggerMessage(589, LogLevel.Error, "Segment {Segment} is in staging, files refer to it and it has no row: it stays there; run 'hipaafs fsck --repair'")]
    private static partial void LogNeeded(ILogger logger, SegmentId segment);
}
