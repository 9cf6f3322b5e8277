using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Transitions;

/// <summary>Gives files that have come of age the placement that the steps of theirs say. Their data follows by itself (<see cref="PlacementMover"/>).</summary>
/// <remarks>
/// The age of a file is the time since it was made here or its content was written last, whichever is later, or read, where a step counts that: a copy that keeps the times of an old original is
/// as young as the copy. Steps lead down only; a file whose content is written again goes back to the placement it came from (<see cref="Placement.Origin"/>) when that is sealed. What is being written is left alone, and so
/// is what somebody asked a tier for (<see cref="InodeFlags.KeepsTier"/>).
/// </remarks>
internal sealed partial class TransitionScan
{
    private const int Page = 256;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private readonly IMetadataStore _metadata;
    private readonly PlacementTable _placements;
    private readonly PlacementAssignment _assignment;
    private readonly FileTable _files;
    private readonly PlacementMover _mover;
    private readonly SessionFence _fence;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal TransitionScan(
        IMetadataStore metadata, PlacementTable placements, PlacementAssignment assignment, FileTable files, PlacementMover mover, SessionFence fence, TimeProvider time, ILogger logger)
    {
        _metadata = metadata;
        _placements = placements;
        _assignment = assignment;
        _files = files;
        _mover = mover;
        _fence = fence;
        _time = time;
        _logger = logger;
    }

    /// <summary>Looks every ten minutes, in the windows that the settings say, until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _fence.WaitForClaimAsync(stop);
            while (true)
            {
                await ScanOrLogAsync(stop);
                await Task.Delay(Interval, _time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
    }

    /// <summary>Counts the files that are old enough at a moment, and has them take their steps if asked to.</summary>
    /// <returns>Those of each step, in the order of the placements.</returns>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    internal async Task<IReadOnlyList<TransitionCount>> RunAsync(DateTimeOffset asOf, bool countsOnly, CancellationToken cancel)
    {
        var counts = new SortedDictionary<(uint From, uint To), TransitionCount>();
        if (asOf < DateTimeOffset.UnixEpoch)
        {
            return []; // Nothing is as old as that, and ages could not be reckoned.
        }

        await DurableAsync(cancel); // Lists look at what is committed.
        foreach (Placement placement in _placements.All.Where(static placement => placement.Steps.Count > 0).ToArray())
        {
            await RunAsync(placement, asOf, countsOnly, counts, cancel);
        }

        if (!countsOnly && counts.Count > 0)
        {
            await DurableAsync(cancel);
            _mover.Wake();
        }

        return [.. counts.Values];
    }

    private async Task RunAsync(
        Placement placement, DateTimeOffset asOf, bool countsOnly, SortedDictionary<(uint From, uint To), TransitionCount> counts, CancellationToken cancel)
    {
        var earliest = Timestamp.FromDateTimeOffset(asOf - placement.Steps.Min(static step => step.After)); // No step is as long as the time since year 1.
        long least = placement.Steps.Min(static step => step.LeastBytes);
        InodeId after = default;
        IReadOnlyList<InodeAttributes> files;
        do
        {
            MetadataResult<IReadOnlyList<InodeAttributes>> listed = await _metadata.ListAgedAsync(placement.Number, earliest, least, after, Page, cancel);
            files = listed.Succeeded ? listed.Value : throw new IOException($"list files that have come of age: {listed.Error}");
            foreach (InodeAttributes file in files)
            {
                after = file.Id;
                if ((file.Flags & InodeFlags.KeepsTier) != 0 || DueStep(placement, file, asOf) is not { } step || IsBeingWritten(file.Id))
                {
                    continue;
                }

                if (!countsOnly && !await TakeAsync(placement, file, step, asOf, cancel))
                {
                    continue; // Written, or gone, a moment ago.
                }

                (uint, uint) key = (placement.Number, step.Placement);
                TransitionCount count = counts.GetValueOrDefault(key) ?? new TransitionCount(placement.Number, step.Placement, 0, 0);
                counts[key] = count with { Files = count.Files + 1, Bytes = count.Bytes + file.Size };
            }
        }
        while (files.Count == Page);
    }

    // The last that is due: who was away for a year need not pass every tier.
    private PlacementStep? DueStep(Placement placement, InodeAttributes file, DateTimeOffset asOf)
    {
        PlacementStep? due = null;
        foreach (PlacementStep step in placement.Steps)
        {
            if (step.After <= AgeOf(placement, file, step, asOf) && file.Size >= step.LeastBytes && _placements.Find(step.Placement) is { } target && target.Origin == placement.EndOfOrigin && target.Border == placement.Border)
            {
                due = due is null || step.After >= due.After ? step : due;
            }
        }

        return due;
    }

    // A read shortly after a note makes none, so that an age by reading begins when that could have been at the latest: nothing leaves before its time.
    private TimeSpan AgeOf(Placement placement, InodeAttributes file, PlacementStep step, DateTimeOffset asOf)
    {
        if (!step.CountsReads)
        {
            return asOf - file.LastChange.ToDateTimeOffset();
        }

        DateTimeOffset used = file.LastUse.ToDateTimeOffset();
        DateTimeOffset noted = placement.ReadsNotedSince ?? asOf;
        return _files.IsOpen(file.Id) ? TimeSpan.Zero : asOf - (used > noted ? used : noted) - (placement.ReadNoteAge ?? TimeSpan.Zero);
    }

    // When it has its placement, every pass of writeback that began before has written its rows: one that began to write the file a moment ago is seen then.
    private async Task<bool> TakeAsync(Placement placement, InodeAttributes file, PlacementStep step, DateTimeOffset asOf, CancellationToken cancel)
    {
        if (!await AssignAsync(file, step.Placement, cancel))
        {
            return false;
        }

        MetadataResult<InodeAttributes> now = await _metadata.GetInodeAsync(file.Id, cancel);
        if (!now.Succeeded || now.Value.Placement != step.Placement || DueStep(placement, now.Value, asOf) is not null)
        {
            return now.Succeeded;
        }

        await AssignAsync(now.Value, placement.Number, cancel);
        return false;
    }

    private async Task<bool> AssignAsync(InodeAttributes file, uint placement, CancellationToken cancel)
    {
        FsResult<bool> taken = await _assignment.AssignFileAsync(file, placement, cancel);
        return taken.IsOk ? taken.Value : throw new IOException($"give a file its placement: {taken.Error}");
    }

    private bool IsBeingWritten(InodeId inode)
    {
        if (_files.TryAcquire(inode) is not { } file)
        {
            return false;
        }

        try
        {
            lock (file.Gate)
            {
                return file.HasUnapplied;
            }
        }
        finally
        {
            _files.Release(file);
        }
    }

    private async Task DurableAsync(CancellationToken cancel)
    {
        MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
        if (!durable.Succeeded)
        {
            throw new IOException($"commit: {durable.Error}");
        }
    }

    private async Task ScanOrLogAsync(CancellationToken stop)
    {
        try
        {
            DateTimeOffset now = _time.GetUtcNow();
            TransitionSettings settings = await TransitionSettings.ReadAsync(_metadata, stop);
            if (settings.IsOpenAt(now) && _placements.All.Any(static placement => placement.Steps.Count > 0))
            {
                foreach (TransitionCount count in await RunAsync(now, countsOnly: false, stop))
                {
                    LogTaken(_logger, count.Files, count.Bytes, count.From, count.To);
                }
            }
        }
        catch (IOException exception)
        {
            LogFailed(_logger, exception.HResult);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogBroken(_logger, exception); // Without this loop nothing would ever go down.
        }
    }

    [LoggerMessage(640, LogLevel.Information, "{Files} files of {Bytes} bytes have come of age and go from placement {From} to {To}")]
    private static partial void LogTaken(ILogger logger, long files, long bytes, uint from, uint to);

    [LoggerMessage(641, LogLevel.Warning, "Files that have come of age could not be looked for (error {Error}); it is tried again")]
    private static partial void LogFailed(ILogger logger, int error);

    [LoggerMessage(642, LogLevel.Critical, "Looking for files that have come of age failed unexpectedly; it is tried again")]
    private static partial void LogBroken(ILogger logger, Exception exception);
}
