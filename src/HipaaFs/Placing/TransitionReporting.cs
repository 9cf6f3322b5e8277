using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Transitions;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Says of steps by age where they lead, in the names of stores.</summary>
internal static class TransitionReporting
{
    /// <summary>Describes counts of an open volume.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="asOf">The moment that counted.</param>
    /// <param name="isTaken">Whether the steps were taken.</param>
    /// <param name="counts">The counts.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    public static async Task<TransitionReport> DescribeAsync(Volume volume, DateTimeOffset asOf, bool isTaken, IReadOnlyList<TransitionCount> counts, CancellationToken cancel)
    {
        Dictionary<int, string> names = (await volume.DescribeStoresAsync(cancel)).ToDictionary(static contents => contents.Store.Number, static contents => contents.Store.Name);
        IReadOnlyList<Placement> placements = volume.Placements;
        return new TransitionReport(
            asOf, isTaken, [.. counts.Select(count => new TransitionLine(Place(count.From), Place(count.To), count.From, count.To, count.Files, count.Bytes))]);

        string Place(uint number)
        {
            Placement placement = placements[(int)number];
            StorageTier tier = placement.TierOf(placement.Primary);
            string name = names.GetValueOrDefault(placement.Primary) ?? $"store {placement.Primary}";
            return tier == StorageTier.Hot ? name : $"{name} ({PolicyWords.Of(tier)})";
        }
    }
}
