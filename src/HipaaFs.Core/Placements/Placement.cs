using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>Where data goes: a numbered list of stores. Inodes and segments name it by its number.</summary>
/// <remarks>A segment is live once the primary and every synchronous replica have it; the others get their copies later.</remarks>
public sealed record Placement
{
    /// <summary>The placement of everything about which nothing is said: the volume's own store.</summary>
    internal static readonly Placement Own = new();

    /// <summary>Its number; 0 is the volume's own store alone and cannot be another.</summary>
    [JsonIgnore]
    public uint Number { get; init; }

    /// <summary>Number of the store that data goes to first and is read from first.</summary>
    public int Primary { get; init; }

    /// <summary>Numbers of the stores that have data before it counts as uploaded.</summary>
    public IReadOnlyList<int> Sync { get; init; } = [];

    /// <summary>Numbers of the stores that get data later. One of them stands in for a primary that is away.</summary>
    public IReadOnlyList<int> Async { get; init; } = [];

    /// <summary>All its stores, in the order in which they are read.</summary>
    [JsonIgnore]
    internal IEnumerable<int> Stores => [Primary, .. Sync, .. Async];

    /// <summary>The stores that should have each of its segments, as a mask.</summary>
    [JsonIgnore]
    internal ulong Wanted => Stores.Aggregate(0UL, static (mask, store) => mask | SegmentCopies.In(store));

    /// <summary>As JSON.</summary>
    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, PlacementContext.Default.Placement);

    /// <summary>Reads what <see cref="ToJson"/> wrote. Null when it makes no sense.</summary>
    internal static Placement? TryParse(ReadOnlySpan<byte> json, uint number)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PlacementContext.Default.Placement) is { } read && read.IsSound ? read with { Number = number } : null;
        }
        catch (JsonException)
        {
            return null; // Told by who reads the settings.
        }
    }

    /// <summary>What is wrong with it where so many stores are known; null when nothing is.</summary>
    /// <param name="stores">How many stores the volume has: their numbers are below it.</param>
    internal string? FindProblem(int stores)
    {
        foreach (int store in Stores)
        {
            if (store < 0 || store >= stores)
            {
                return $"the volume has no store {store}";
            }
        }

        return IsSound ? null : "a store is named twice";
    }

    private bool IsSound =>
        Stores.All(static store => store is >= 0 and <= SegmentCopies.HighestStore)
        && BitOperations.PopCount(Wanted) == 1 + Sync.Count + Async.Count;
}
