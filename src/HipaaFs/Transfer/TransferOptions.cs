namespace HipaaFs.Cli.Transfer;

/// <summary>What one copy of a tree does.</summary>
internal sealed record TransferOptions
{
    /// <summary>Files copied at a time.</summary>
    public int Jobs { get; init; } = 4;

    /// <summary>What the source's paths begin with that are copied, without which they are named in the target: "data/" of a bag, or nothing.</summary>
    public string SourcePrefix { get; init; } = "";

    /// <summary>What the target's paths begin with.</summary>
    public string TargetPrefix { get; init; } = "";

    /// <summary>SHA-256 of every file by its path in the source; null when no manifest came with it. With one, what it does not name is not copied.</summary>
    public IReadOnlyDictionary<string, byte[]>? Expected { get; init; }

    /// <summary>A path in the target that no file may get; null for none.</summary>
    public string? ReservedPath { get; init; }

    /// <summary>Whether what was copied once and is not in the source any more is removed from the target.</summary>
    public bool RemovesVanished { get; init; }
}
