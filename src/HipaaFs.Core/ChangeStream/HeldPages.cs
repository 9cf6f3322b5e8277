using Microsoft.Extensions.Logging;

namespace HipaaFs.ChangeStream;

/// <summary>Brings what the kernel holds back of open files into rows before a publication, and tells for how long something may have been held back since.</summary>
/// <remarks>
/// <para>A kernel with a write-back cache keeps the pages of a file that nobody closes or syncs for half a minute and more; without this a publication would not know of them.</para>
/// <para>One round at a time, and a publication waits for it for <see cref="Patience"/> at most: pages that do not get through (staging is full, a disk fails) must not keep what is
/// in rows from the store. Such a round goes on; what it has done counts for the next publication. Used by one publication at a time.</para>
/// </remarks>
internal sealed partial class HeldPages
{
    /// <summary>How long a publication waits for a round.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Task<FsError>? _round;
    private long _begunAt; // Of the round, by the clock that nobody sets.
    private long _writtenBackAt; // What was written before is in rows, or was in the driver's memory and is counted there.

    internal HeldPages(TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _writtenBackAt = time.GetTimestamp();
    }

    /// <summary>Whether there may be any: a file is open for writing and may have been written to since it was last asked for, and the kernel has a write-back cache.</summary>
    internal required Func<bool> AreThere { get; init; }

    /// <summary>Has the kernel write them back and applies them.</summary>
    internal required Func<Task<FsError>> ApplyAsync { get; init; }

    /// <summary>Writes them back, as far as that is done soon. Does not fail.</summary>
    /// <returns>For how long something may have been held back that is in no row; zero when nothing is.</returns>
    internal async ValueTask<TimeSpan> WriteBackAsync(CancellationToken cancel)
    {
        Conclude(); // One that nobody waited for to the end.
        if (_round is null)
        {
            long now = _time.GetTimestamp();
            if (!AreThere())
            {
                _writtenBackAt = now;
                return TimeSpan.Zero;
            }

            _begunAt = now;
            _round = ApplyAsync();
        }

        await ((Task)_round).WaitAsync(Patience, _time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancel.ThrowIfCancellationRequested();
        if (!_round.IsCompleted)
        {
            LogSlow(_logger);
        }

        Conclude();
        return _time.GetElapsedTime(_writtenBackAt);
    }

    private void Conclude()
    {
        if (_round is not { IsCompleted: true } ended)
        {
            return;
        }

        _round = null;
        FsError error = ended.IsCompletedSuccessfully ? ended.Result : FsError.Io;
        if (error == FsError.None)
        {
            _writtenBackAt = _begunAt;
        }
        else
        {
            LogNotApplied(_logger, error);
        }
    }

    [LoggerMessage(578, LogLevel.Warning, "The kernel has not written back all pages of open files in time; the publication does not wait for them, and the recovery point stays before them")]
    private static partial void LogSlow(ILogger logger);

    [LoggerMessage(579, LogLevel.Warning, "What the kernel held back of open files could not be applied ({Error}); the recovery point stays before it")]
    private static partial void LogNotApplied(ILogger logger, FsError error);
}
