using HipaaFs.Snapshots;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Trash;

/// <summary>Takes a snapshot every minute in which something changed, and deletes those whose time is over: what is deleted or overwritten can be had back from them.</summary>
internal sealed partial class TrashKeeper
{
    private readonly VolumeSnapshots _snapshots;
    private readonly TrashClock _clock;
    private readonly int _days;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private long _waits;
    private volatile TrashState _state = TrashState.Kept;

    internal TrashKeeper(VolumeSnapshots snapshots, TrashClock clock, int days, TimeProvider time, ILogger logger)
    {
        _snapshots = snapshots;
        _clock = clock;
        _days = days;
        _time = time;
        _logger = logger;
    }

    /// <summary>How it is.</summary>
    internal TrashState State => _state;

    /// <summary>How often the wait for a round has begun. For tests: a clock that is moved then ends it.</summary>
    internal long Waits => Volatile.Read(ref _waits);

    /// <summary>Keeps the trash until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await TryOrLogAsync(cancel => _clock.NoteDaysAsync(_days, cancel).AsTask(), stop); // A restore must know it however early it comes.
            while (true)
            {
                Task wait = Task.Delay(TrashSchedule.Interval, _time, stop);
                Interlocked.Increment(ref _waits);
                await wait;
                await TryOrLogAsync(KeepAsync, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }

        if (_days > 0)
        {
            await _clock.SaveAsync(atOnce: true);
        }
    }

    /// <summary>One round.</summary>
    internal async Task<FsError> KeepAsync(CancellationToken cancel)
    {
        FsError noted = await _clock.NoteDaysAsync(_days, cancel);
        FsResult<IReadOnlyList<Snapshot>> all = await _snapshots.ListAsync(cancel);
        if (noted != FsError.None || !all.IsOk)
        {
            return noted != FsError.None ? noted : all.Error;
        }

        if (_days > 0)
        {
            await _clock.LookAsync(all.Value, cancel);
            FsError saved = await _clock.SaveAsync(atOnce: false);
            if (saved != FsError.None)
            {
                return saved;
            }
        }

        if (_days > 0 && (all.Value.Count == 0 || await _snapshots.HasChangedSinceAsync(all.Value[^1], cancel)))
        {
            FsResult<Snapshot> taken = await _snapshots.CreateAsync(label: null, cancel);
            if (!taken.IsOk)
            {
                return taken.Error;
            }
        }

        // Oldest first, so that a run which is cut off leaves the younger ones.
        foreach (Snapshot expired in TrashSchedule.FindExpired(all.Value, _days, _clock.TakenAt, _clock.Now))
        {
            FsError error = await _snapshots.ExpireAsync(expired);
            if (error is not (FsError.None or FsError.NotFound))
            {
                return error;
            }
        }

        return FsError.None;
    }

    private async Task TryOrLogAsync(Func<CancellationToken, Task<FsError>> round, CancellationToken stop)
    {
        try
        {
            FsError error = await round(stop);
            if (error != _state.Error && error != FsError.None)
            {
                LogNotKept(_logger, error);
            }

            Note(error);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // Without this loop nothing that is deleted could be had back any more, so it goes on whatever happened.
            LogFailed(_logger, exception);
            Note(FsError.Io);
        }
    }

    private void Note(FsError error)
    {
        DateTimeOffset? since = error == FsError.None ? null : _state.Since ?? _time.GetUtcNow();
        _state = new TrashState(error, since, _clock.Jump);
    }

    [LoggerMessage(595, LogLevel.Error, "The trash is not kept ({Error}): what is deleted or overwritten now may not be had back. It is tried again every minute")]
    private static partial void LogNotKept(ILogger logger, FsError error);

    [LoggerMessage(596, LogLevel.Error, "Keeping the trash failed; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
