using System.Text.Json.Serialization;
using HipaaFs.Archives;

namespace HipaaFs.Placements;

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RegisteredStore))]
[JsonSerializable(typeof(Placement))]
[JsonSerializable(typeof(ArchiveBehaviour))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<PlacementPattern>))]
internal sealed partial class PlacementContext : JsonSerializerContext;
