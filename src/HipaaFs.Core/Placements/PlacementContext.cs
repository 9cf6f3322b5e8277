using System.Text.Json.Serialization;

namespace HipaaFs.Placements;

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RegisteredStore))]
[JsonSerializable(typeof(Placement))]
internal sealed partial class PlacementContext : JsonSerializerContext;
