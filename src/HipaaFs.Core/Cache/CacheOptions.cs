namespace HipaaFs.Cache;

/// <summary>Where the local cache of sealed frames lives and how large it may grow.</summary>
public sealed record CacheOptions
{
    /// <summary>Smallest size that makes sense: two whole segments.</summary>
    public const long MinBytes = 128L << 20;

    /// <summary>Directory of the cache, on a local disk; what is in it stays sealed. Created with mode 0700 when absent.</summary>
    public required string Directory { get; init; }

    /// <summary>Most bytes to keep. Defaults to 10 GiB.</summary>
    public long MaxBytes { get; init; } = 10L << 30;

    /// <summary>Share of the disk to leave free: the cache evicts rather than go below it. Defaults to 0.05.</summary>
    public double MinFreeRatio { get; init; } = 0.05;

    /// <summary>Adds one line to <paramref name="problems"/> for each setting that cannot be honoured.</summary>
    public void Validate(ICollection<string> problems)
    {
        if (!Path.IsPathFullyQualified(Directory))
        {
            problems.Add($"cache.directory: '{Directory}' must be an absolute path");
        }

        if (MaxBytes < MinBytes)
        {
            problems.Add($"cache.size: {MaxBytes} bytes is below the minimum of {MinBytes >> 20} MiB");
        }

        if (MinFreeRatio is < 0 or >= 1 or double.NaN)
        {
            problems.Add($"cache.keep_free: {MinFreeRatio} must be at least 0 and below 1");
        }
    }
}
