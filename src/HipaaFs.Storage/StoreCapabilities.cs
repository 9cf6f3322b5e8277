namespace HipaaFs.Storage;

/// <summary>What a store can do beyond the contract's minimum.</summary>
public sealed record StoreCapabilities
{
    /// <summary>Whether <see cref="PutCondition.IfAbsent"/> is atomic here. Without it a volume's sessions cannot fence each other.</summary>
    public bool PutIfAbsent { get; init; }

    /// <summary>Whether a delete that names a version is checked and done in one step. Without it the check comes first and a replacement in between is not seen.</summary>
    public bool AtomicConditionalDelete { get; init; }

    /// <summary>Whether objects have storage classes that <see cref="IObjectStore.SetTierAsync"/> changes.</summary>
    public bool Tiers { get; init; }

    /// <summary>
    /// Whether objects can be put under retention and legal holds. An adapter that asks nothing when it is opened says what its protocol can: a bucket or container that was made
    /// without locks answers Unsupported all the same. <see cref="StoreProbe"/> finds out.
    /// </summary>
    public bool Locks { get; init; }

    /// <summary>Whether reads come from a disk of this machine or its network, so that a cache in front of them gains nothing.</summary>
    public bool Local { get; init; }

    /// <summary>The longest object in bytes.</summary>
    public long MaxObjectLength { get; init; } = long.MaxValue;
}
