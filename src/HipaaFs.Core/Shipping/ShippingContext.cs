using System.Text.Json.Serialization;

namespace HipaaFs.Shipping;

/// <summary>How manifests are written as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ShipmentLabel))]
[JsonSerializable(typeof(ShippedObject))]
internal sealed partial class ShippingContext : JsonSerializerContext;
