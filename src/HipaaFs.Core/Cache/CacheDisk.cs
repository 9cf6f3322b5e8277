using Microsoft.Extensions.Logging;

namespace HipaaFs.Cache;

/// <summary>Whether the cache's disk takes what is fetched: the log says when that changes, and not at every read.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed partial class CacheDisk
{
    // A disk that refuses one file in two does not begin and end to fail at every one of them.
    private const int Recovered = 8;

    private readonly ILogger _logger;
    private int _untilRecovered; // 0 while all is well.

    internal CacheDisk(ILogger logger) => _logger = logger;

    /// <summary>Whether it refused something a short while ago.</summary>
    internal bool IsFailing => Volatile.Read(ref _untilRecovered) > 0;

    /// <summary>Notes that it refused something.</summary>
    internal void Failed(int error)
    {
        if (Interlocked.Exchange(ref _untilRecovered, Recovered) == 0)
        {
            LogFails(_logger, error);
        }
    }

    /// <summary>Notes that it took something.</summary>
    internal void Worked()
    {
        int left = Volatile.Read(ref _untilRecovered);
        if (left > 0 && Interlocked.CompareExchange(ref _untilRecovered, left - 1, left) == 1)
        {
            LogWorks(_logger);
        }
    }

    [LoggerMessage(522, LogLevel.Warning, "The cache's disk does not take what is fetched (error {Error}): it is read from the store every time")]
    private static partial void LogFails(ILogger logger, int error);

    [LoggerMessage(523, LogLevel.Information, "The cache's disk takes what is fetched again")]
    private static partial void LogWorks(ILogger logger);
}
