using HipaaFs.ChangeStream;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Recovery;

/// <summary>Says when the store alone could bring back only what is too old: once when it begins, once when it ends.</summary>
/// <remarks>
/// It looks by itself: a publication may be waiting for an upload for as long as the store takes nothing. What an earlier session
/// left counts from the opening on: a volume that lay unmounted for days is no alarm before this session had its time to publish.
/// </remarks>
internal sealed partial class RecoveryPointAlarm
{
    private const int LooksWithinLimit = 4;

    private readonly ChangePublisher _publisher;
    private readonly TimeSpan _limit;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DateTimeOffset _openedAt;

    internal RecoveryPointAlarm(ChangePublisher publisher, TimeSpan limit, TimeProvider time, ILogger logger)
    {
        _publisher = publisher;
        _limit = limit;
        _time = time;
        _logger = logger;
        _openedAt = time.GetUtcNow();
    }

    /// <summary>Whether the recovery point is older than it may be.</summary>
    internal bool IsRaised => Age > _limit && _time.GetUtcNow() - _openedAt > _limit;

    private TimeSpan Age => _time.GetUtcNow() - _publisher.RecoveryPoint;

    /// <summary>Watches until stopped.</summary>
    internal async Task WatchAsync(CancellationToken stop)
    {
        try
        {
            bool wasRaised = false;
            while (true)
            {
                await Task.Delay(_limit / LooksWithinLimit, _time, stop);
                bool isRaised = IsRaised;
                if (isRaised && !wasRaised)
                {
                    LogRaised(_logger, Age, _limit);
                }
                else if (wasRaised && !isRaised)
                {
                    LogEnded(_logger, Age);
                }

                wasRaised = isRaised;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing.
        }
    }

    [LoggerMessage(564, LogLevel.Error, "Alarm: the recovery point is {Age} old, above the limit of {Limit}; what is newer exists on this machine only")]
    private static partial void LogRaised(ILogger logger, TimeSpan age, TimeSpan limit);

    [LoggerMessage(565, LogLevel.Information, "The alarm is over: the recovery point is {Age} old")]
    private static partial void LogEnded(ILogger logger, TimeSpan age);
}
