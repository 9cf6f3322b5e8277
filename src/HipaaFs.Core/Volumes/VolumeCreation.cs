using HipaaFs.Crypto;
using HipaaFs.Storage;

namespace HipaaFs.Volumes;

/// <summary>What a new volume is made from.</summary>
public sealed record VolumeCreation
{
    /// <summary>Its directory: empty, or not there yet.</summary>
    public required string Directory { get; init; }

    /// <summary>Its id, which the caller chooses, since key files are named after it.</summary>
    public required Guid VolumeId { get; init; }

    /// <summary>Its primary store.</summary>
    public required StoreUrl Store { get; init; }

    /// <summary>Opens stores. Defaults to those of this machine.</summary>
    public ObjectStores Stores { get; init; } = ObjectStores.Local;

    /// <summary>The key-encryption key it is opened with.</summary>
    public required IKeyWrapper Key { get; init; }

    /// <summary>A second one, kept somewhere else; null for none.</summary>
    public IKeyWrapper? RecoveryKey { get; init; }

    /// <summary>Owner of the root directory.</summary>
    public uint UserId { get; init; }

    /// <summary>Group of the root directory.</summary>
    public uint GroupId { get; init; }

    /// <summary>Opens the store in place of its URL's adapter; null opens the URL. For tests, whose stores fail when told to.</summary>
    internal Func<IObjectStore>? OpenStore { get; init; }
}
