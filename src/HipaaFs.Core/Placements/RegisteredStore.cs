using System.Text.Json;
using System.Text.Json.Serialization;

namespace HipaaFs.Placements;

/// <summary>A store of a volume, as its settings keep it. Of the volume's own store, number 0, they keep name and region; where it is says volume.yaml.</summary>
public sealed record RegisteredStore
{
    /// <summary>What the volume's own store is called until somebody names it.</summary>
    public const string Unnamed = "primary";

    /// <summary>Its number, up to 63; never given to another store.</summary>
    [JsonIgnore]
    public int Number { get; init; }

    /// <summary>The word by which people know it.</summary>
    public required string Name { get; init; }

    /// <summary>Its URL, which never holds a secret.</summary>
    public required string Url { get; init; }

    /// <summary>Where it keeps data, as its policy says; empty when nothing is said.</summary>
    public string Region { get; init => field = value ?? string.Empty; } = string.Empty; // A setting that does not say it reads as null.

    /// <summary>Whether it was taken away: nothing is in it any more, and nothing goes there.</summary>
    public bool IsRemoved { get; init; }

    /// <summary>As JSON.</summary>
    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, PlacementContext.Default.RegisteredStore);

    /// <summary>Reads what <see cref="ToJson"/> wrote. Null when it makes no sense.</summary>
    internal static RegisteredStore? TryParse(ReadOnlySpan<byte> json, int number)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PlacementContext.Default.RegisteredStore) is { } store ? store with { Number = number } : null;
        }
        catch (JsonException)
        {
            return null; // Told by who reads the settings.
        }
    }
}
