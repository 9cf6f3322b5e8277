using System.Text.Json.Serialization;

namespace HipaaFs.Transitions;

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TransitionSettings))]
internal sealed partial class TransitionContext : JsonSerializerContext;
