namespace HipaaFs.Storage;

/// <summary>How often and how long a failing request is repeated.</summary>
public sealed record RetryOptions
{
    /// <summary>Tries in all, the first included; at least 1. Default 6.</summary>
    public int MaxAttempts { get; init; } = 6;

    /// <summary>No try starts later than this after the first. Default 60 s.</summary>
    public TimeSpan MaxElapsed { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The upper bound of the first pause; it doubles with every try. The pause itself is uniformly random below the bound. Default 100 ms.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The bound grows no further than this. Default 10 s.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A try without an answer for this long counts as TimedOut. Default 30 s.</summary>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same for a whole file, to which <see cref="SlowestUpload"/> adds time by its length. Default 60 s.</summary>
    public TimeSpan UploadTryTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The slowest upload in bytes a second that is not given up. Default 256 KiB/s.</summary>
    public long SlowestUpload { get; init; } = 256 * 1024;

    /// <summary>Repeats of all requests to the store together that may be made before one succeeds, see <see cref="RetryBudget"/>. Default 100.</summary>
    public int Budget { get; init; } = 100;

    /// <summary>Repeats that a second brings back. Default 1.</summary>
    public double BudgetPerSecond { get; init; } = 1;
}
