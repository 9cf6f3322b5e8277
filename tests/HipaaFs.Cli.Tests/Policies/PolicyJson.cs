using System.Globalization;
using System.Text.Json.Nodes;
using HipaaFs.Cli.Policies;

namespace HipaaFs.Cli.Tests.Policies;

/// <summary>A policy as the JSON that every reader of YAML 1.2 makes of it.</summary>
internal static class PolicyJson
{
    /// <summary>The JSON of a text; null when the text is no YAML or has what JSON does not: keys twice, anchors, tags.</summary>
    public static JsonNode? Of(string text)
    {
        var reading = new PolicyReading();
        PolicyNode? root = PolicyYaml.Read(text, reading);
        return root is null || reading.Problems.Count > 0 ? null : Of(root);
    }

    private static JsonNode? Of(PolicyNode node) => node switch
    {
        PolicyMapping mapping => new JsonObject(mapping.Members.Select(member => KeyValuePair.Create(member.Key, Of(member.Value)))),
        PolicySequence sequence => new JsonArray([.. sequence.Items.Select(Of)]),
        PolicyScalar { Kind: ScalarKinds.Text } text => JsonValue.Create(text.Text),
        PolicyScalar { Kind: ScalarKinds.Truth } truth => JsonValue.Create(char.ToLowerInvariant(truth.Text[0]) == 't'),
        PolicyScalar { Kind: ScalarKinds.Number } number => Number(number.Text),
        _ => null,
    };

    // Infinity, hexadecimal and what no decimal holds are no numbers of JSON; the reader refuses them too.
    private static JsonValue? Number(string text) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) ? JsonValue.Create(number) : null;
}
