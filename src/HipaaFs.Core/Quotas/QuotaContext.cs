using System.Text.Json.Serialization;

namespace HipaaFs.Quotas;

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<Quota>))]
internal sealed partial class QuotaContext : JsonSerializerContext;
