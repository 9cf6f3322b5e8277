using System.Diagnostics;
using HipaaFs.Collection;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Compaction;

/// <summary>Keeps what the store holds near to what is needed: stored segments that are partly dead are rewritten, the least live first, and so are scattered files.</summary>
/// <remarks>One run at a time. Bounded: one batch is on its way, of at most <see cref="BatchBytes"/>, and none begins while staging has no room to spare.</remarks>
internal sealed partial class Compactor : IDisposable
{
    /// <summary>Bytes that are moved together: they fit one segment.</summary>
    internal const long BatchBytes = 48L << 20;

    // What is not worth a new segment.
    private const long SmallestGain = 64L << 10;
    private const int RunCost = 24;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromDays(1); // The machine may have slept for days meanwhile, and a timer takes no more than weeks.

    // Counting and looking take a twentieth of the time at most.
    private const int Rest = 20;

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly SegmentSource _source;
    private readonly StagingArea _staging;
    private readonly SegmentMove _move;
    private readonly ScatteredFiles _scattered;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HashSet<SegmentId> _unreadable = []; // Until the next mount: they would be copied in vain again and again.
    private CommitSequence _settledAt;
    private SpaceUsage? _usage;

    internal Compactor(
        IMetadataStore metadata, VolumeStores stores, SegmentSource source, StagingArea staging, SegmentMove move, ScatteredFiles scattered, TimeProvider time, ILogger logger)
    {
        _metadata = metadata;
        _stores = stores;
        _source = source;
        _staging = staging;
        _move = move;
        _scattered = scattered;
        _time = time;
        _logger = logger;
    }

    /// <summary>What was stored when it was last counted; null before that.</summary>
    internal SpaceUsage? Usage => Volatile.Read(ref _usage);

    /// <summary>The moves. For tests.</summary>
    internal SegmentMove Move => _move;

    /// <summary>Compacts at intervals until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        TimeSpan wait = Interval;
        try
        {
            while (true)
            {
                await Task.Delay(wait, _time, stop);
                long begun = _time.GetTimestamp();
                await CompactOrLogAsync(stop);
                TimeSpan rest = _time.GetElapsedTime(begun) * Rest;
                wait = rest < Interval ? Interval : rest < LongestRest ? rest : LongestRest;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
    }

    /// <summary>One run. Null when the metadata cannot be read.</summary>
    /// <exception cref="IOException">Staging's disk takes no more.</exception>
    internal async Task<CompactionReport?> CompactAsync(CompactionOptions options, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            return await CompactAloneAsync(options, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Counts what is stored. Null when the metadata cannot be read.</summary>
    internal async Task<SpaceUsage?> CountAsync(CancellationToken cancel)
    {
        SpaceSurvey? survey = await SpaceSurvey.TakeAsync(_metadata, _stores, _time, cancel);
        Volatile.Write(ref _usage, survey?.Usage ?? _usage);
        return survey?.Usage;
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task CompactOrLogAsync(CancellationToken stop)
    {
        CommitSequence applied = _metadata.Applied;
        if (applied == _settledAt)
        {
            return; // Nothing has changed since nothing was left to do.
        }

        try
        {
            CompactionReport? report = await CompactAsync(CompactionOptions.Background, stop);
            if (report is { IsComplete: true, Segments: 0, Windows: 0 })
            {
                _settledAt = applied;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogDiskFailed(_logger, exception.HResult);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // Without this loop what is stored would only grow, so it goes on whatever happened.
            LogRunBroken(_logger, exception);
        }
    }

    private async Task<CompactionReport?> CompactAloneAsync(CompactionOptions options, CancellationToken cancel)
    {
        // Scattered files first: what they leave behind is compacted with the rest. Both look at what is committed.
        var gate = new BandwidthGate(options.BytesPerSecond, _time);
        CompactionReport report = await _scattered.RewriteAsync(options.IdleAge, gate, CompactionReport.Empty, cancel);
        await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
        SpaceSurvey? survey = await SpaceSurvey.TakeAsync(_metadata, _stores, _time, cancel);
        if (survey is null)
        {
            return null;
        }

        Volatile.Write(ref _usage, survey.Usage);
        report = report with { Before = survey.Usage };
        List<SegmentUsage> picked = [.. survey.Pick()];
        long total = picked.Sum(static usage => usage.ReferredBytes);
        long done = 0;
        foreach (IGrouping<(DomainId, uint, RecordClass), SegmentUsage> kind in picked.GroupBy(static usage => (usage.Row.Domain, usage.Row.Placement, usage.Row.Class)))
        {
            foreach (List<SegmentUsage> batch in Batches(kind))
            {
                options.Progress?.Report(new GarbageProgress(GarbageProgress.Rewrite, done, total));
                report = await CompactBatchAsync(batch, gate, report, cancel);
                done += batch.Sum(static usage => usage.ReferredBytes);
            }
        }

        options.Progress?.Report(new GarbageProgress(GarbageProgress.Rewrite, total, total));
        LogCompacted(_logger, report.Segments, report.FreedBytes, report.CopiedBytes, report.Windows);
        return report;
    }

    private static IEnumerable<List<SegmentUsage>> Batches(IEnumerable<SegmentUsage> picked)
    {
        var batch = new List<SegmentUsage>();
        long bytes = 0;
        foreach (SegmentUsage usage in picked)
        {
            if (batch.Count > 0 && bytes + usage.ReferredBytes > BatchBytes)
            {
                yield return batch;
                batch = [];
                bytes = 0;
            }

            batch.Add(usage);
            bytes += usage.ReferredBytes;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    private async Task<CompactionReport> CompactBatchAsync(List<SegmentUsage> batch, BandwidthGate gate, CompactionReport report, CancellationToken cancel)
    {
        if (!_staging.HasSpareRoomFor(batch.Sum(static usage => usage.ReferredBytes)))
        {
            return report with { IsComplete = false };
        }

        var uses = new List<SegmentUse>();
        var emptied = new List<SegmentRow>();
        long stored = 0;
        foreach (SegmentUsage usage in batch)
        {
            if (_unreadable.Contains(usage.Row.Id))
            {
                continue;
            }

            // The live ones first: what dies in between is in both.
            MetadataResult<IReadOnlyList<SegmentUse>> live = await _metadata.GetSegmentUsesAsync(usage.Row.Id, cancel);
            MetadataResult<IReadOnlyList<SegmentUse>> past = await _metadata.GetSegmentPastUsesAsync(usage.Row.Id, cancel);
            // What cannot be read now is not waited for.
            if (live.Succeeded && past.Succeeded && await _source.IsReadableAsync(usage.Row, cancel))
            {
                uses.AddRange(live.Value);
                uses.AddRange(past.Value);
                emptied.Add(usage.Row);
                stored += usage.Row.ObjectLength;
            }
        }

        bool all = emptied.Count == batch.Count;
        long needed = SegmentFormat.FrameSize + SegmentMove.WithoutRepetition(uses).Sum(static use => use.Extent.Length + RunCost);
        if (stored - needed < SmallestGain)
        {
            return report with { IsComplete = report.IsComplete && all };
        }

        Debug.Assert(emptied.Count > 0, "nothing stored gains nothing");
        MoveOutcome outcome = await _move.RunAsync(new MoveRequest(emptied[0].Domain, emptied[0].Placement, emptied[0].Class, uses, emptied, gate.PayAsync), cancel);
        _unreadable.UnionWith(outcome.Unreadable);
        return report with
        {
            Segments = report.Segments + outcome.Freed.Count,
            FreedBytes = report.FreedBytes + outcome.Freed.Sum(static row => row.ObjectLength),
            CopiedBytes = report.CopiedBytes + outcome.CopiedBytes,
            IsComplete = report.IsComplete && all && outcome.IsComplete,
        };
    }

    [LoggerMessage(574, LogLevel.Debug, "Compaction: {Segments} segments of {Freed} bytes are not needed any more, {Copied} bytes were copied, {Windows} scattered stretches of files written anew")]
    private static partial void LogCompacted(ILogger logger, int segments, long freed, long copied, int windows);

    [LoggerMessage(575, LogLevel.Warning, "Compaction met a disk that refuses (error {Error}); it is tried again")]
    private static partial void LogDiskFailed(ILogger logger, int error);

    [LoggerMessage(576, LogLevel.Critical, "A run of compaction failed unexpectedly; the next one is tried at the next interval")]
    private static partial void LogRunBroken(ILogger logger, Exception exception);
}
