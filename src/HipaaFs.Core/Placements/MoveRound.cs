using HipaaFs.Metadata;
using HipaaFs.Storage;

namespace HipaaFs.Placements;

/// <summary>What one round of <see cref="PlacementMover"/> works with.</summary>
/// <param name="Heads">What of archived files may be in other segments (<see cref="PlacementTable.FindHeads"/>).</param>
/// <param name="Batches">What is gathered and not moved yet.</param>
/// <param name="Gate">Keeps to the bandwidth.</param>
internal sealed record MoveRound(IReadOnlyDictionary<(uint File, uint Segment), long> Heads, MoveBatches Batches, BandwidthGate Gate);
