namespace HipaaFs.Storage;

/// <summary>How a file becomes an object.</summary>
public sealed record PutOptions
{
    /// <summary>The usual: unconditional, hot.</summary>
    public static PutOptions Default { get; } = new();

    /// <summary>When the put takes effect. Default: always.</summary>
    public PutCondition Condition { get; init; }

    /// <summary>Whether a store on the file system of the file may keep the file itself, by a hard link. False where the object must not share its blocks with anything. Default: true.</summary>
    public bool MayLink { get; init; } = true;

    /// <summary>The storage class of the new object. Stores without tiers refuse anything but hot. Default: hot.</summary>
    public StorageTier Tier { get; init; }

    /// <summary>What keeps the new object from being replaced and deleted, from the first moment where the store can. Stores without locks refuse anything but none. Default: none.</summary>
    public ObjectProtection Protection { get; init; } = ObjectProtection.None;
}
