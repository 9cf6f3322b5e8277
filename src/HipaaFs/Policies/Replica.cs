using HipaaFs.Transitions;

namespace HipaaFs.Cli.Policies;

/// <summary>A further copy of the data.</summary>
/// <param name="Store">The store that has it.</param>
/// <param name="Mode">When it gets it.</param>
/// <param name="Tier">In which tier it keeps it.</param>
/// <param name="Windows">When an asynchronous one may be filled; empty for always.</param>
internal sealed record Replica(
    Placed<string> Store, ReplicaMode Mode, Placed<HipaaFs.Storage.StorageTier> Tier, IReadOnlyList<Placed<TimeWindow>> Windows)
{
    /// <summary>One line for people.</summary>
    public override string ToString()
    {
        string tier = Tier.Value == HipaaFs.Storage.StorageTier.Hot ? "" : $" {PolicyWords.Of(Tier.Value)}";
        string windows = Windows.Count == 0 ? "" : $" {string.Join(", ", Windows.Select(static window => window.Value.ToString()))}";
        return $"{Store.Value} {PolicyWords.Of(Mode)}{tier}{windows}";
    }
}
