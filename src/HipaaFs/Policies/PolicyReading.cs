using System.Diagnostics.CodeAnalysis;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Policies;

/// <summary>One reading of a policy file: takes nodes apart and collects everything that is wrong.</summary>
/// <remarks>What cannot be read is reported where it stands and reading goes on, so that all problems come out at once.</remarks>
internal sealed class PolicyReading
{
    private const int LongestWord = 64;

    private readonly List<PolicyProblem> _problems = [];
    private readonly List<PolicyProblem> _warnings = [];
    private readonly HashSet<(PolicyPlace Place, string Subject)> _reported = [];

    /// <summary>What is wrong, in the order of the file, nothing twice.</summary>
    public IReadOnlyList<PolicyProblem> Problems => InOrder(_problems);

    /// <summary>What is allowed and hardly meant, in the order of the file, nothing twice.</summary>
    public IReadOnlyList<PolicyProblem> Warnings => InOrder(_warnings);

    /// <summary>Notes that something is wrong.</summary>
    public void Report(PolicyPlace place, string text) => _problems.Add(new PolicyProblem(place, TerminalText.Escape(text)));

    /// <summary>Notes that something is wrong with a subject at a place; what was said of the two before stays alone.</summary>
    /// <remarks>What a directory inherits is wrong in every directory below, and one line was written.</remarks>
    public void ReportOnce(PolicyPlace place, string subject, string text)
    {
        if (_reported.Add((place, subject)))
        {
            Report(place, text);
        }
    }

    /// <summary>Notes that something is hardly meant.</summary>
    public void Warn(PolicyPlace place, string text) => _warnings.Add(new PolicyProblem(place, TerminalText.Escape(text)));

    /// <summary>The name of a key inside a mapping, for messages.</summary>
    public static string Join(string label, string key) => label.Length == 0 ? key : $"{label}.{key}";

    /// <summary>Takes a node for a mapping of known keys; unknown ones are reported and do not make it fail.</summary>
    public bool TryMapping(PolicyNode node, string label, IReadOnlyList<string> keys, [NotNullWhen(true)] out PolicyMapping? mapping)
    {
        if (!TryNamed(node, label, out mapping))
        {
            return false;
        }

        foreach (PolicyMember member in mapping.Members)
        {
            if (!keys.Contains(member.Key, StringComparer.Ordinal))
            {
                Report(member.Place, $"{Join(label, member.Key)}: no such setting{Guess(member.Key, keys)}");
            }
        }

        return true;
    }

    /// <summary>Takes a node for a mapping whose keys are names that the file gives.</summary>
    public bool TryNamed(PolicyNode node, string label, [NotNullWhen(true)] out PolicyMapping? mapping)
    {
        mapping = node as PolicyMapping;
        if (mapping is not null)
        {
            return true;
        }

        Report(node.Place, label.Length == 0 ? "expected 'key: value' lines" : $"{label}: expected 'key: value' lines");
        return false;
    }

    /// <summary>Reads the value of a key that must be there.</summary>
    public bool TryRequired<T>(PolicyMapping mapping, string label, string key, PolicyNodeReader<T> reader, out Placed<T> value)
    {
        value = default;
        if (mapping.Find(key) is null)
        {
            Report(mapping.Place, $"{Join(label, key)}: missing");
            return false;
        }

        bool read = TryOptional(mapping, label, key, reader, out Placed<T>? found);
        value = found ?? default;
        return read;
    }

    /// <summary>Reads the value of a key; null when the key is not there, false when the value cannot be read.</summary>
    public bool TryOptional<T>(PolicyMapping mapping, string label, string key, PolicyNodeReader<T> reader, out Placed<T>? value)
    {
        value = null;
        if (mapping.Find(key) is not { } member)
        {
            return true;
        }

        if (!reader(this, member.Value, Join(label, key), out T? read))
        {
            return false;
        }

        value = new Placed<T>(read, member.Value.Place);
        return true;
    }

    /// <summary>"; did you mean X?" for the nearest of some words, or nothing when none is near.</summary>
    public static string Guess(string word, IEnumerable<string> known)
    {
        if (word.Length > LongestWord)
        {
            return "";
        }

        return WordDistance.FindNearest(word, known) is { } nearest ? $"; did you mean {nearest}?" : "";
    }

    private static List<PolicyProblem> InOrder(List<PolicyProblem> problems) =>
        [.. problems.Distinct().OrderBy(problem => problem.Place).ThenBy(problem => problem.Text, StringComparer.Ordinal)];
}
