namespace HipaaFs.Staging;

/// <summary>Where sealed data waits for its upload, and how much of it may.</summary>
public sealed record StagingOptions
{
    /// <summary>Smallest size that makes sense: a few segments.</summary>
    public const long MinBytes = 256L << 20;

    /// <summary>Directory of staged segments, on a local disk; what is in it stays sealed. Created with mode 0700 when absent.</summary>
    public required string Directory { get; init; }

    /// <summary>Most bytes to hold. Defaults to 20 GiB.</summary>
    public long MaxBytes { get; init; } = 20L << 30;

    /// <summary>What writers meet when it is full. Defaults to waiting.</summary>
    public StagingFullMode WhenFull { get; init; } = StagingFullMode.Block;

    /// <summary>Adds one line to <paramref name="problems"/> for each setting that cannot be honoured.</summary>
    public void Validate(ICollection<string> problems)
    {
        if (!Path.IsPathFullyQualified(Directory))
        {
            problems.Add($"staging.directory: '{Directory}' must be an absolute path");
        }

        if (MaxBytes < MinBytes)
        {
            problems.Add($"staging.size: {MaxBytes} bytes is below the minimum of {MinBytes >> 20} MiB");
        }
    }
}
