namespace HipaaFs.Storage;

/// <summary>The counters of one store, shared by the decorators of its stack. Thread-safe; counting takes no lock.</summary>
public sealed class StoreMeter
{
    private static readonly int VerbCount = Enum.GetValues<StoreVerb>().Length;

    private readonly TimeProvider _time;
    private readonly long[] _requests = new long[VerbCount];
    private readonly long[] _retries = new long[VerbCount];
    private readonly long[] _errors = new long[VerbCount];
    private readonly long[] _cancelled = new long[VerbCount];
    private readonly long[] _bytes = new long[VerbCount];
    private long _inFlight;
    private long _lastSuccessTicks;
    private FailureRecord? _lastFailure;
    private BreakerRecord _breaker = new(BreakerState.Closed, null);
    private long _refused;
    private long _hedged;
    private long _hedgesWon;

    /// <summary>Creates counters that are all zero.</summary>
    public StoreMeter(TimeProvider time) => _time = time;

    /// <summary>The counters now. Each is exact; together they are not one instant while requests run.</summary>
    public StoreMetrics Snapshot()
    {
        var verbs = new VerbMetrics[VerbCount];
        for (int i = 0; i < VerbCount; i++)
        {
            verbs[i] = new VerbMetrics(
                Volatile.Read(ref _requests[i]),
                Volatile.Read(ref _retries[i]),
                Volatile.Read(ref _errors[i]),
                Volatile.Read(ref _cancelled[i]),
                Volatile.Read(ref _bytes[i]));
        }

        FailureRecord? failure = Volatile.Read(ref _lastFailure);
        long success = Volatile.Read(ref _lastSuccessTicks);
        BreakerRecord breaker = Volatile.Read(ref _breaker);
        return new StoreMetrics(verbs)
        {
            Breaker = breaker.State,
            BreakerOpenSince = breaker.OpenSince,
            Refused = Volatile.Read(ref _refused),
            Hedged = Volatile.Read(ref _hedged),
            HedgesWon = Volatile.Read(ref _hedgesWon),
            InFlight = Volatile.Read(ref _inFlight),
            LastFailure = failure?.Failure,
            LastFailureAt = failure?.At,
            LastSuccessAt = success == 0 ? null : new DateTimeOffset(success, TimeSpan.Zero),
        };
    }

    internal void Started(StoreVerb verb)
    {
        Interlocked.Increment(ref _requests[(int)verb]);
        Interlocked.Increment(ref _inFlight);
    }

    internal void Retried(StoreVerb verb) => Interlocked.Increment(ref _retries[(int)verb]);

    internal void Refused() => Interlocked.Increment(ref _refused);

    internal void Hedged() => Interlocked.Increment(ref _hedged);

    internal void HedgeWon() => Interlocked.Increment(ref _hedgesWon);

    internal void Breaks(BreakerState state, DateTimeOffset? openSince) => Volatile.Write(ref _breaker, new BreakerRecord(state, openSince));

    internal void Ended(StoreVerb verb, StoreFailure? failure, long bytes)
    {
        Interlocked.Decrement(ref _inFlight);
        if (failure is null || failure.Error.IsAnswer())
        {
            Interlocked.Add(ref _bytes[(int)verb], bytes);
            Volatile.Write(ref _lastSuccessTicks, _time.GetUtcNow().UtcTicks);
            return;
        }

        Interlocked.Increment(ref _errors[(int)verb]);
        Volatile.Write(ref _lastFailure, new FailureRecord(failure, _time.GetUtcNow()));
    }

    internal void Abandoned(StoreVerb verb)
    {
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Increment(ref _cancelled[(int)verb]);
    }

    private sealed record FailureRecord(StoreFailure Failure, DateTimeOffset At);

    private sealed record BreakerRecord(BreakerState State, DateTimeOffset? OpenSince);
}
