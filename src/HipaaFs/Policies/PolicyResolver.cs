using System.Text;

namespace HipaaFs.Cli.Policies;

/// <summary>Finds out what holds where.</summary>
/// <remarks>
/// 1. Each field of a directory is what the rule of the longest path that says it says; then what <c>defaults:</c> says; then the default. Lists,
///    <c>retention</c> and single values are taken whole.
/// 2. For a file, the first pattern of the list <c>files</c>, found in the same way, that matches its name replaces the fields that it says.
/// 3. Quotas and budgets are not replaced: those of all directories above count.
/// </remarks>
internal sealed class PolicyResolver
{
    private readonly PolicyDocument _document;
    private readonly Dictionary<string, PolicyRule> _rules;

    /// <summary>Prepares to look things up in a policy.</summary>
    public PolicyResolver(PolicyDocument document)
    {
        _document = document;
        _rules = document.Rules.ToDictionary(static rule => rule.Path, StringComparer.Ordinal);
    }

    /// <summary>Whether a path must be a directory, because a rule is for it or for something below it.</summary>
    public bool IsDirectory(string path) => path == "/" || _document.Rules.Any(rule => Mounting.PathRelation.IsSameOrBelow(rule.Path, path));

    /// <summary>What holds for a directory.</summary>
    public EffectivePolicy ForDirectory(string path) => Resolve([.. RulesAbove(path)], null);

    /// <summary>What holds for the directory above one; for the root, what <c>defaults:</c> alone says.</summary>
    public EffectivePolicy Above(string path) =>
        path == "/" ? Resolve([], null) : ForDirectory(path.LastIndexOf('/') is var slash and > 0 ? path[..slash] : "/");

    /// <summary>What holds for a file.</summary>
    public EffectivePolicy ForFile(string path)
    {
        int slash = path.LastIndexOf('/');
        EffectivePolicy directory = ForDirectory(slash == 0 ? "/" : path[..slash]);
        byte[] name = Encoding.UTF8.GetBytes(path[(slash + 1)..]);
        foreach (Placed<FilePattern> pattern in directory.Get(PolicyFields.Files))
        {
            if (pattern.Value.Matches(name))
            {
                return With(directory, pattern.Value);
            }
        }

        return directory;
    }

    /// <summary>What holds for the files of a directory that a pattern matches.</summary>
    public EffectivePolicy With(EffectivePolicy directory, FilePattern pattern) =>
        Resolve([.. RulesAbove(directory.Rule?.Path ?? "/")], pattern, directory[PolicyFields.Files].Origin);

    /// <summary>Everything that can come out: the root, each directory that has a rule, outer ones first, and after each the files that patterns match.</summary>
    public IEnumerable<EffectivePolicy> All()
    {
        foreach (string path in _rules.Values.OrderBy(static rule => rule.Depth).Select(static rule => rule.Path).Prepend("/").Distinct())
        {
            EffectivePolicy directory = ForDirectory(path);
            yield return directory;
            foreach (Placed<FilePattern> pattern in directory.Get(PolicyFields.Files))
            {
                yield return With(directory, pattern.Value);
            }
        }
    }

    // The rules that cover a path, the longest first.
    private IEnumerable<PolicyRule> RulesAbove(string path)
    {
        for (string at = path; ; at = at.LastIndexOf('/') is var slash and > 0 ? at[..slash] : "/")
        {
            if (_rules.TryGetValue(at, out PolicyRule? rule))
            {
                yield return rule;
            }

            if (at == "/")
            {
                yield break;
            }
        }
    }

    private EffectivePolicy Resolve(PolicyRule[] rules, FilePattern? pattern, PolicyOrigin? list = null)
    {
        var entries = new List<EffectiveEntry>();
        var limits = new List<EffectiveEntry>();
        foreach (PolicyField field in PolicyFields.All)
        {
            if (field.Scopes == PolicyScopes.Tree)
            {
                limits.AddRange(FindAll(field, rules));
            }
            else if (pattern?.Entries.Find(field) is { } special)
            {
                entries.Add(ToEffective(field, special, $"{pattern} in {list!.Text}", list.Depth));
            }
            else
            {
                entries.Add(FindAll(field, rules).FirstOrDefault() ?? FindDefault(field));
            }
        }

        return new EffectivePolicy(rules.FirstOrDefault(), pattern, entries, limits);
    }

    private static IEnumerable<EffectiveEntry> FindAll(PolicyField field, PolicyRule[] rules)
    {
        foreach (PolicyRule rule in rules)
        {
            if (rule.Entries.Find(field) is { } entry)
            {
                EffectiveEntry found = ToEffective(field, entry, $"rule {rule.Path}", rule.Depth + 1);
                yield return found with { Origin = found.Origin with { Directory = rule.Path } };
            }
        }
    }

    private EffectiveEntry FindDefault(PolicyField field)
    {
        if (_document.Defaults.Find(field) is { } entry)
        {
            return ToEffective(field, entry, "defaults", 0);
        }

        // What a defaults: that could not be read says is not known.
        return new EffectiveEntry(field, field.DefaultValue, new PolicyOrigin("default", null, -1), !_document.Unreadable.Contains("defaults"));
    }

    private static EffectiveEntry ToEffective(PolicyField field, PolicyEntry entry, string text, int depth) =>
        new(field, entry.Value, new PolicyOrigin(text, entry.Place, depth), entry.IsReadable);
}
