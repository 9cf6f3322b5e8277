using HipaaFs.Placements;

namespace HipaaFs.Cli.Placing;

/// <summary>What came of forgetting a store.</summary>
/// <param name="Loss">What it had, and what of that is lost.</param>
/// <param name="Redefined">Numbers of the placements that go on without it.</param>
/// <param name="Policy">What of the policy is not as the volume is now, in words for people; null when nothing is.</param>
internal sealed record StoreForgotten(StoreLoss Loss, IReadOnlyList<uint> Redefined, string? Policy);
