namespace HipaaFs.Recovery;

/// <summary>What a restore may bring back.</summary>
public sealed record RestoreOptions
{
    /// <summary>Refuses a backup point with a lower commit sequence; null takes the newest there is.</summary>
    public ulong? AtLeastGeneration { get; init; }
}
