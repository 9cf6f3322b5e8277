using Microsoft.Extensions.Logging;

namespace HipaaFs.Storage;

/// <summary>Keeps requests from a store that does not work, so that nobody waits for it in vain and it is not overrun when it comes back.</summary>
/// <remarks>
/// <para>Only Unavailable and TimedOut count as failures: a store that refuses, throttles or has no such object works. Closed: all pass. Open, after failures in a row
/// that stretch over some time: none pass. Half open, each time the pause is over: one passes, and its outcome closes or opens the breaker. A success of
/// any request, also of one that began before, closes it.</para>
/// <para>Thread-safe. While the store works, neither passing nor succeeding takes a lock.</para>
/// </remarks>
public sealed partial class CircuitBreaker
{
    private readonly Lock _lock = new();
    private readonly BreakerOptions _options;
    private readonly TimeProvider _time;
    private readonly StoreMeter _meter;
    private readonly ILogger _logger;
    private volatile BreakerState _state; // This and the next written under _lock.
    private volatile int _failures;
    private long _failingSince; // This and all that follow guarded by _lock.
    private long _refusingSince;
    private DateTimeOffset _openSince;
    private StoreFailure _lastFailure = StoreFailure.Of(StoreError.Unavailable);

    /// <summary>Creates a closed breaker.</summary>
    public CircuitBreaker(BreakerOptions options, TimeProvider time, StoreMeter meter, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Failures);
        _options = options;
        _time = time;
        _meter = meter;
        _logger = logger;
    }

    /// <summary>Asks to pass. Who passed says what came of it, by <see cref="Answered"/>, <see cref="Failed"/> or <see cref="Abandoned"/>.</summary>
    public BreakerEntry Enter()
    {
        if (_state == BreakerState.Closed)
        {
            return BreakerEntry.Passed;
        }

        lock (_lock)
        {
            if (_state == BreakerState.Closed)
            {
                return BreakerEntry.Passed;
            }

            // A probe may take minutes, as a large put does: the next one is not kept waiting for it.
            if (_time.GetElapsedTime(_refusingSince) < _options.ProbeEvery)
            {
                _meter.Refused();
                return BreakerEntry.Refused;
            }

            _refusingSince = _time.GetTimestamp();
            Become(BreakerState.HalfOpen);
            return BreakerEntry.Probe;
        }
    }

    /// <summary>What a request that is refused failed of: what the store failed of last, and when it may be asked again.</summary>
    public StoreFailure Refusal()
    {
        lock (_lock)
        {
            TimeSpan left = _options.ProbeEvery - _time.GetElapsedTime(_refusingSince);
            return new StoreFailure(StoreError.Unavailable, _lastFailure.Detail ?? _lastFailure.Error.ToString(), left > TimeSpan.Zero ? left : null);
        }
    }

    /// <summary>The store answered.</summary>
    public void Answered()
    {
        if (_failures == 0)
        {
            return;
        }

        lock (_lock)
        {
            _failures = 0;
            if (_state != BreakerState.Closed)
            {
                TimeSpan open = _time.GetUtcNow() - _openSince;
                Become(BreakerState.Closed);
                LogClosed(_logger, (long)open.TotalSeconds);
            }
        }
    }

    /// <summary>The store did not answer, or has a fault.</summary>
    public void Failed(BreakerEntry entry, StoreFailure failure)
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            if (_failures++ == 0)
            {
                _failingSince = now;
            }

            _lastFailure = failure;
            if (entry == BreakerEntry.Probe && _state == BreakerState.HalfOpen)
            {
                _refusingSince = now;
                Become(BreakerState.Open);
            }
            else if (_state == BreakerState.Closed && _failures >= _options.Failures && _time.GetElapsedTime(_failingSince, now) >= _options.FailingFor)
            {
                _refusingSince = now;
                _openSince = _time.GetUtcNow();
                Become(BreakerState.Open);
                LogOpened(_logger, _failures, failure.Error, failure.Detail);
            }
        }
    }

    /// <summary>The caller stopped waiting: nothing is known. If it was the probe, the next request is.</summary>
    public void Abandoned(BreakerEntry entry)
    {
        if (entry != BreakerEntry.Probe)
        {
            return;
        }

        lock (_lock)
        {
            if (_state == BreakerState.HalfOpen)
            {
                _refusingSince = _time.GetTimestamp() - (long)(_options.ProbeEvery.TotalSeconds * _time.TimestampFrequency);
                Become(BreakerState.Open);
            }
        }
    }

    private void Become(BreakerState state)
    {
        _state = state;
        _meter.Breaks(state, state == BreakerState.Closed ? null : _openSince);
    }

    [LoggerMessage(303, LogLevel.Error, "The store failed {Failures} times in a row ({Error} {Detail}); it is left alone but for single requests that find out when it works again")]
    private static partial void LogOpened(ILogger logger, int failures, StoreError error, string? detail);

    [LoggerMessage(304, LogLevel.Warning, "The store works again, after {Seconds} s")]
    private static partial void LogClosed(ILogger logger, long seconds);
}
