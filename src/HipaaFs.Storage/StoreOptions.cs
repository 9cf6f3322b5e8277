namespace HipaaFs.Storage;

/// <summary>How a store is opened and how hard it is driven.</summary>
public sealed record StoreOptions
{
    /// <summary>Whether a missing root directory is created. Default false: a NAS path that is not mounted must not look like an empty store.</summary>
    public bool Create { get; init; }

    /// <summary>
    /// Whether the store holds objects of other programs, whose names are listed as <see cref="ObjectKey.TryParse(string?, bool, out ObjectKey)"/> takes them. What these programs left
    /// unfinished is left alone. Default false: names that are none of ours are passed over.
    /// </summary>
    public bool ForeignKeys { get; init; }

    /// <summary>Repeats and time-outs.</summary>
    public RetryOptions Retry { get; init; } = new();

    /// <summary>When a store that does not work is left alone. Not used for stores of this machine, whose failures cost no waiting.</summary>
    public BreakerOptions Breaker { get; init; } = new();

    /// <summary>When a slow read is asked for a second time. Not used for stores of this machine.</summary>
    public HedgeOptions Hedge { get; init; } = new();

    /// <summary>Concurrency and bandwidth.</summary>
    public LimitOptions Limits { get; init; } = new();
}
