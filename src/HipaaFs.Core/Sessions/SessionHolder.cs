using System.Text.Json;
using System.Text.Json.Serialization;

namespace HipaaFs.Sessions;

/// <summary>Who opened a volume, for those who are refused or fenced off.</summary>
/// <param name="Host">Name of the machine.</param>
/// <param name="ProcessId">Process on it.</param>
/// <param name="Session">The session's number; 0 for a read-only mount.</param>
/// <param name="Since">When it was opened.</param>
public sealed record SessionHolder(string Host, int ProcessId, ulong Session, DateTimeOffset Since)
{
    /// <summary>Tells this opening from every other, so that a claim whose answer was lost can be known again.</summary>
    public Guid Opening { get; init; } = Guid.NewGuid();

    /// <summary>Reads what <see cref="ToJson"/> wrote. Null when it makes no sense.</summary>
    public static SessionHolder? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, SessionHolderContext.Default.SessionHolder);
        }
        catch (JsonException)
        {
            return null; // Half written by someone who was killed: the holder is not known.
        }
    }

    /// <summary>As JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, SessionHolderContext.Default.SessionHolder);
}

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SessionHolder))]
internal sealed partial class SessionHolderContext : JsonSerializerContext;
