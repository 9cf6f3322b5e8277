using System.Text.RegularExpressions;

namespace HipaaFs.Cli.Policies;

/// <summary>A single value as it stands in the file.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Text">Its characters, without quotes.</param>
/// <param name="IsPlain">Whether it was written without quotes.</param>
internal sealed partial record PolicyScalar(PolicyPlace Place, string Text, bool IsPlain) : PolicyNode(Place)
{
    /// <summary>What it is to every reader of YAML 1.2 (core schema, section 10.3.2), and so to a JSON schema.</summary>
    public ScalarKinds Kind => !IsPlain ? ScalarKinds.Text
        : Text is "" or "~" or "null" or "Null" or "NULL" ? ScalarKinds.Nothing
        : Text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE" ? ScalarKinds.Truth
        : NumberForm().IsMatch(Text) ? ScalarKinds.Number
        : ScalarKinds.Text;

    [GeneratedRegex(@"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z")]
    private static partial Regex NumberForm();
}
