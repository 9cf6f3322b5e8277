using System.Text.Json.Serialization;

namespace HipaaFs.Spending;

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(StoreSpending[]))]
internal sealed partial class SpendingContext : JsonSerializerContext;
