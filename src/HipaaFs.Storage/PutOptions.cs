namespace HipaaFs.Storage;

/// <summary>How a file becomes an object.</summary>
public sealed record PutOptions
{
    /// <summary>The usual: unconditional, hot.</summary>
    public static PutOptions Default { get; } = new();

    /// <summary>When the put takes effect. Default: always.</summary>
    public PutCondition Condition { get; init; }

    /// <summary>The storage class of the new object. Stores without tiers refuse anything but hot. Default: hot.</summary>
    public StorageTier Tier { get; init; }
}
