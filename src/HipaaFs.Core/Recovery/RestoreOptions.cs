using HipaaFs.Storage;

namespace HipaaFs.Recovery;

/// <summary>What a restore may bring back.</summary>
public sealed record RestoreOptions
{
    /// <summary>Opens stores. Defaults to those of this machine.</summary>
    public ObjectStores Stores { get; init; } = ObjectStores.Local;

    /// <summary>Refuses a backup point with a lower commit sequence; null takes the newest there is.</summary>
    public ulong? AtLeastGeneration { get; init; }

    /// <summary>Takes the store's newest backup point although another store that has the change stream, and can be read, has a newer one.</summary>
    public bool AcceptsOlderMirror { get; init; }

    /// <summary>Writes the volume's settings into its directory, given what came back, once everything else is there; null for none. When it fails nothing is left behind.</summary>
    public Action<RestoreReport>? WriteSettings { get; init; }
}
