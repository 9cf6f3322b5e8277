namespace HipaaFs.Placements;

/// <summary>What is known of one store of a volume that has several.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Region">Where it keeps data; empty when nothing was said.</param>
/// <param name="IsAway">Whether it did not answer a while ago.</param>
/// <param name="Problem">Why nothing is put into it; null when nothing is known against it.</param>
/// <param name="Lag">What it has yet to get, as last counted; null before that.</param>
public sealed record StoreStatus(int Number, string Name, string Region, bool IsAway, string? Problem, ReplicationLag? Lag)
{
    /// <summary>Why what it lacks waits although it answers; null when nothing is known that it waits for.</summary>
    public ReplicationPause? Waits { get; init; }

    /// <summary>Since when it has not answered; null while it does.</summary>
    public DateTimeOffset? AwaySince { get; init; }

    /// <summary>Whether it gets change stream and key ring beside the home.</summary>
    public bool IsMirror { get; init; }

    /// <summary>What was done before this can be restored from it, the home or a mirror; null when it is neither, or this session has not seen it whole yet.</summary>
    public DateTimeOffset? RecoveryPoint { get; init; }
}
