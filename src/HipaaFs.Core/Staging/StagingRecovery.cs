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
/// By what a file in staging is in the metadata: unknown, nothing refers to it: deleted. Staged and finished: uploaded. Staged and unfinished: readable, repacked in the
/// background. Live: the upload had ended, only the rename to the cache had not. Condemned: deleted. A staged row without a file was uploaded and renamed a moment before the end.
/// </remarks>
internal sealed partial class StagingRecovery
{
    private readonly StagingArea _staging;
    private readonly IMetadataStore _metadata;
    private readonly FrameCache _cache;
    private readonly IObjectStore _store;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

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
            if (row.Succeeded && row.Value.State == SegmentState.Staged)
            {
                Take(row.Value, path);
            }
            else if (!readOnly && (row.Succeeded || row.Error == MetadataError.NotFound))
            {
                LetGo(row.Succeeded ? row.Value : null, id, path);
            }
        }

        if (readOnly)
        {
            return;
        }

        foreach (string leftover in Directory.EnumerateFiles(_staging.Directory, "stream-*"))
        {
            File.Delete(leftover); // A publication that was cut short.
        }

        LogRecovered(_logger, Finished.Count, _staging.Stranded.Count);
    }

    /// <summary>Looks for the objects of staged rows whose files are gone. Needs the store, so it runs in the background.</summary>
    internal async Task FindMissingAsync(CancellationToken cancel)
    {
        SegmentId? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListSegmentsAsync(SegmentState.Staged, after, 256, cancel);
            if (!rows.Succeeded || rows.Value.Count == 0)
            {
                return;
            }

            foreach (SegmentRow row in rows.Value)
            {
                after = row.Id;
                if (!_staging.TryGet(row.Id, out _))
                {
                    await FindAsync(row, cancel);
                }
            }
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
        if (row is { State: SegmentState.Live } live && new FileInfo(path).Length == live.ObjectLength)
        {
            _cache.Adopt(id, path, live.ObjectLength);
            return;
        }

        File.Delete(path);
    }

    private async Task FindAsync(SegmentRow row, CancellationToken cancel)
    {
        // The lengths may have been committed no more than the upload was.
        StoreResult<SegmentRow> found = await StoredSegment.FindAsync(_store, row, cancel);
        if (found.Succeeded)
        {
            await _metadata.UpdateSegmentAsync(_clock.NextOperation(), found.Value with { Changed = _clock.Now }, cancel);
            return;
        }

        // A segment begun in a session that is running now has no file only for a moment.
        if (found.Error == StoreError.NotFound && !_staging.TryGet(row.Id, out _))
        {
            LogMissing(_logger, row.Id);
        }
    }

    [LoggerMessage(585, LogLevel.Information, "Recovery: {Finished} staged segments to upload, {Unfinished} to repack")]
    private static partial void LogRecovered(ILogger logger, int finished, int unfinished);

    [LoggerMessage(586, LogLevel.Error, "Segment {Segment} is neither in staging nor in the store; run 'hipaafs fsck' to see which files it belongs to")]
    private static partial void LogMissing(ILogger logger, SegmentId segment);
}
