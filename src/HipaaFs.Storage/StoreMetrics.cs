namespace HipaaFs.Storage;

/// <summary>The counters of one store at one moment.</summary>
public sealed record StoreMetrics
{
    private readonly VerbMetrics[] _verbs;

    internal StoreMetrics(VerbMetrics[] verbs) => _verbs = verbs;

    /// <summary>Operations under way now, waiting ones included.</summary>
    public long InFlight { get; init; }

    /// <summary>The newest failure that was no mere answer; null when there was none.</summary>
    public StoreFailure? LastFailure { get; init; }

    /// <summary>When <see cref="LastFailure"/> happened.</summary>
    public DateTimeOffset? LastFailureAt { get; init; }

    /// <summary>When an operation last succeeded; null when none has. Later than <see cref="LastFailureAt"/>: the store works again.</summary>
    public DateTimeOffset? LastSuccessAt { get; init; }

    /// <summary>What the store's breaker does; always Closed for stores of this machine.</summary>
    public BreakerState Breaker { get; init; }

    /// <summary>Since when the breaker has been open, half open included; null while it is closed.</summary>
    public DateTimeOffset? BreakerOpenSince { get; init; }

    /// <summary>Tries that the breaker refused, first ones and repeats; nothing was sent for them.</summary>
    public long Refused { get; init; }

    /// <summary>Reads that were asked for a second time because they were slow.</summary>
    public long Hedged { get; init; }

    /// <summary>Those of them that the second request answered.</summary>
    public long HedgesWon { get; init; }

    /// <summary>Operations of all kinds.</summary>
    public long Requests => _verbs.Sum(verb => verb.Requests);

    /// <summary>Repeats of all kinds.</summary>
    public long Retries => _verbs.Sum(verb => verb.Retries);

    /// <summary>The counters of one kind of request.</summary>
    public VerbMetrics this[StoreVerb verb] => _verbs[(int)verb];
}
