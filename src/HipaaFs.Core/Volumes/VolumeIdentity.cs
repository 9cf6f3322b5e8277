using System.Text.Json;
using System.Text.Json.Serialization;

namespace HipaaFs.Volumes;

/// <summary>The object <c>volume.json</c>, which says whose a store is.</summary>
/// <param name="Format">Format number.</param>
/// <param name="Id">The volume's id.</param>
public sealed record VolumeIdentity(int Format, Guid Id)
{
    /// <summary>The format this code writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The most bytes that are read of it.</summary>
    internal const int MaxLength = 4096;

    /// <summary>As JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, VolumeIdentityContext.Default.VolumeIdentity);

    /// <summary>Reads what <see cref="ToJson"/> wrote. Null when it makes no sense.</summary>
    public static VolumeIdentity? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, VolumeIdentityContext.Default.VolumeIdentity);
        }
        catch (JsonException)
        {
            return null; // Reported by the caller as a damaged store.
        }
    }
}

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(VolumeIdentity))]
internal sealed partial class VolumeIdentityContext : JsonSerializerContext;
