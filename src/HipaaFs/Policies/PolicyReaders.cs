using System.Diagnostics.CodeAnalysis;
using HipaaFs.Cli.Configuration;

namespace HipaaFs.Cli.Policies;

/// <summary>The ways in which nodes are read: single values, lists, and <c>none</c>.</summary>
internal static class PolicyReaders
{
    /// <summary>A single value of some kinds.</summary>
    public static PolicyNodeReader<T> Scalar<T>(ScalarKinds kinds, SettingReader<T> reader) =>
        (PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out T value) =>
        {
            value = default;
            string? problem;
            if (node is not PolicyScalar scalar)
            {
                problem = "expected one value";
            }
            else if (scalar.Kind == ScalarKinds.Nothing)
            {
                problem = "has no value";
            }
            else if (reader(scalar.Text, out value) is { } wrong)
            {
                problem = $"'{Shorten(scalar.Text)}' {wrong}";
            }
            else
            {
                problem = (kinds & scalar.Kind) != 0 ? null
                    : kinds == ScalarKinds.Text ? $"'{Shorten(scalar.Text)}' needs quotes, without them it is no text in YAML"
                    : $"'{Shorten(scalar.Text)}' must be written without quotes";
            }

            if (problem is not null)
            {
                reading.Report(node.Place, $"{label}: {problem}");
            }

            return problem is null;
        };

    /// <summary>Text.</summary>
    public static PolicyNodeReader<T> Text<T>(SettingReader<T> reader) => Scalar(ScalarKinds.Text, reader);

    /// <summary>A number.</summary>
    public static PolicyNodeReader<T> Number<T>(SettingReader<T> reader) => Scalar(ScalarKinds.Number, reader);

    /// <summary>One of a few words, each with what it stands for.</summary>
    public static PolicyNodeReader<T> Word<T>(params (string Word, T Value)[] words) => Text((string text, out T value) =>
    {
        foreach ((string word, T meaning) in words)
        {
            if (word == text)
            {
                value = meaning;
                return null;
            }
        }

        value = default!;
        return $"must be one of {string.Join(", ", words.Select(static word => word.Word))}";
    });

    /// <summary>A list of at least <paramref name="least"/> items, which keep their places.</summary>
    public static PolicyNodeReader<IReadOnlyList<Placed<T>>> List<T>(PolicyNodeReader<T> item, int least) =>
        (PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out IReadOnlyList<Placed<T>> value) =>
        {
            value = null;
            if (node is not PolicySequence sequence || sequence.Items.Count < least)
            {
                reading.Report(node.Place, $"{label}: expected {(least > 0 ? "a list of at least one" : "a list")}");
                return false;
            }

            var items = new List<Placed<T>>();
            foreach (PolicyNode child in sequence.Items)
            {
                if (item(reading, child, label, out T? read))
                {
                    items.Add(new Placed<T>(read, child.Place));
                }
            }

            value = items;
            return items.Count == sequence.Items.Count;
        };

    /// <summary>What <paramref name="reader"/> reads, or null for <c>none</c>.</summary>
    public static PolicyNodeReader<T?> OrNone<T>(PolicyNodeReader<T> reader)
        where T : class =>
        (PolicyReading reading, PolicyNode node, string label, out T? value) =>
        {
            value = null;
            return IsNone(node) || reader(reading, node, label, out value);
        };

    /// <summary>What <paramref name="reader"/> reads, or null for <c>none</c>.</summary>
    public static PolicyNodeReader<T?> ValueOrNone<T>(PolicyNodeReader<T> reader)
        where T : struct =>
        (PolicyReading reading, PolicyNode node, string label, out T? value) =>
        {
            value = null;
            if (IsNone(node))
            {
                return true;
            }

            bool read = reader(reading, node, label, out T found);
            value = found;
            return read;
        };

    private static bool IsNone(PolicyNode node) => node is PolicyScalar { Text: "none" };

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
