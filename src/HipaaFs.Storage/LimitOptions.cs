namespace HipaaFs.Storage;

/// <summary>How much a store is asked to do at a time. What exceeds a limit waits, first come first served.</summary>
public sealed record LimitOptions
{
    /// <summary>Reads, look-ups and listings under way at a time. Default 32.</summary>
    public int MaxReads { get; init; } = 32;

    /// <summary>Puts, deletes and tier changes under way at a time. Default 8.</summary>
    public int MaxWrites { get; init; } = 8;

    /// <summary>Bytes a second read from the store; 0 is unlimited. Default 0.</summary>
    public long ReadBytesPerSecond { get; init; }

    /// <summary>Bytes a second sent to the store; 0 is unlimited. Default 0.</summary>
    public long WriteBytesPerSecond { get; init; }
}
