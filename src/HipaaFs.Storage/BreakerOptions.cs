namespace HipaaFs.Storage;

/// <summary>When a store that does not work is left alone, and for how long.</summary>
public sealed record BreakerOptions
{
    /// <summary>Failures in a row, without a success between them, that open the breaker; at least 1. Default 5.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>They must stretch over this long: what passes sooner is left to repeats, also when many requests meet it at once. Default 5 s.</summary>
    public TimeSpan FailingFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An open breaker lets one request through each time this has gone by. Default 5 s.</summary>
    public TimeSpan ProbeEvery { get; init; } = TimeSpan.FromSeconds(5);
}
