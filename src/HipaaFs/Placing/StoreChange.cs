using HipaaFs.Cli.Control;

namespace HipaaFs.Cli.Placing;

/// <summary>What came of emptying a store.</summary>
/// <param name="Store">The store, as it is now.</param>
/// <param name="Target">The store that took its place; null when its replicas did.</param>
/// <param name="Redefined">Numbers of the placements that do not name it any more since the command, 0 among them where the other store is the volume's home since; empty when it was run before.</param>
/// <param name="ToCopy">Segments that other stores have yet to get.</param>
/// <param name="Policy">What of the policy is not as the volume is now, in words for people; null when nothing is.</param>
internal sealed record StoreChange(StoreReport Store, StoreReport? Target, IReadOnlyList<uint> Redefined, SegmentCount ToCopy, string? Policy)
{
    /// <summary>Files with data in segments of a placement that has other stores than theirs, which is moved before it can leave the store; null while that is not counted yet.</summary>
    public long? FilesToMove { get; init; }

    /// <summary>Whether everything that was to leave the store has left it.</summary>
    public bool IsDone => Store.Surplus.Segments == 0 && ToCopy.Segments == 0 && FilesToMove == 0;
}
