using Microsoft.Extensions.Logging;

namespace HipaaFs.Cli.Daemon;

/// <summary>Where the daemon's log is and how large it may grow.</summary>
internal sealed record FileLogOptions
{
    /// <summary>The file, absolute.</summary>
    public required string Path { get; init; }

    /// <summary>Size in bytes at which a new file is begun. Defaults to 10 MiB.</summary>
    public long MaxBytes { get; init; } = 10L << 20;

    /// <summary>Full files that are kept. Defaults to 5.</summary>
    public int Keep { get; init; } = 5;

    /// <summary>Least level that is written. Defaults to information.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>Whether every line also goes to standard error. Defaults to false.</summary>
    public bool ToStandardError { get; init; }
}
