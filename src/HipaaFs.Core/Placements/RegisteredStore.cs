using System.Text.Json;
using System.Text.Json.Serialization;
using HipaaFs.Storage;

namespace HipaaFs.Placements;

/// <summary>A store of a volume, as its settings keep it. Where the volume's home is says volume.yaml; what they keep of that is where it was when it was opened for writing last.</summary>
public sealed record RegisteredStore
{
    /// <summary>What the volume's first store is called until somebody names it.</summary>
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

    /// <summary>Why the setting says nothing that can be used, in words for people; null when it does. Its number stays taken.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    /// <summary>As JSON.</summary>
    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, PlacementContext.Default.RegisteredStore);

    /// <summary>Reads what <see cref="ToJson"/> wrote; with a <see cref="Problem"/> when it makes no sense.</summary>
    /// <param name="json">What the setting says.</param>
    /// <param name="number">The store's number.</param>
    /// <param name="setting">What the setting is called.</param>
    internal static RegisteredStore Parse(ReadOnlySpan<byte> json, int number, string setting)
    {
        RegisteredStore read = TryParse(json) ?? new RegisteredStore { Name = setting, Url = string.Empty, Problem = "it makes no sense" };
        string? problem = read.Problem is null && !StoreUrl.TryParse(read.Url, out _, out StoreUrlProblem? url) ? url.Message : read.Problem;
        return read with
        {
            Number = number,
            Problem = problem is null ? null
                : $"what the setting {setting} says of it cannot be used: {problem}. A newer hipaafs may have written it: use that one. Else the volume's last backup point may have it as it should be ('hipaafs restore')",
        };
    }

    /// <summary>The same without a look at what it says; null when it makes no sense.</summary>
    internal static RegisteredStore? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PlacementContext.Default.RegisteredStore);
        }
        catch (JsonException)
        {
            return null; // The caller says so.
        }
    }
}
