using System.Text.Json.Serialization;

namespace HipaaFs.Placements;

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RegisteredStore))]
[JsonSerializable(typeof(Placement))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<PlacementPattern>))]
internal sealed partial class PlacementContext : JsonSerializerContext;
