namespace HipaaFs.Placements;

/// <summary>What a store has yet to get.</summary>
/// <param name="Segments">Live segments that it should have and lacks.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="Oldest">Since when the oldest of them is live; null when it lacks none.</param>
public sealed record ReplicationLag(long Segments, long Bytes, DateTimeOffset? Oldest)
{
    /// <summary>It lacks nothing.</summary>
    public static ReplicationLag None { get; } = new(0, 0, null);
}
