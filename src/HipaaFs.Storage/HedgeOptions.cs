namespace HipaaFs.Storage;

/// <summary>When a read that takes unusually long is asked for a second time.</summary>
public sealed record HedgeOptions
{
    /// <summary>The most of all reads that are asked for twice; 0 for none. Default 0.02: what a read costs in requests and bytes stays within bounds.</summary>
    public double Share { get; init; } = 0.02;

    /// <summary>The second request is never sent sooner than this after the first. Default 20 ms.</summary>
    public TimeSpan ShortestDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Where 95 of 100 reads take longer than this, none is sent: the link is full or far too slow, and more of the same makes it worse. Default 2 s.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Reads of about the same length that must have been seen before. Default 100.</summary>
    public int FewestReads { get; init; } = 100;

    /// <summary>Second requests under way at a time; each has a buffer of its own. Default 2.</summary>
    public int MostAtOnce { get; init; } = 2;

    /// <summary>Longer reads are never asked for twice. Default 8 MiB.</summary>
    public int LongestRead { get; init; } = 8 << 20;
}
