using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>What holds for a directory, or for those of its files that one pattern matches.</summary>
internal sealed class EffectivePolicy
{
    private readonly Dictionary<PolicyField, EffectiveEntry> _entries;

    /// <summary>Takes what a resolver found.</summary>
    public EffectivePolicy(PolicyRule? rule, FilePattern? pattern, IEnumerable<EffectiveEntry> entries, IReadOnlyList<EffectiveEntry> limits)
    {
        Rule = rule;
        Pattern = pattern;
        Limits = limits;
        _entries = entries.ToDictionary(static entry => entry.Field);
    }

    /// <summary>The rule of the longest path; null when none covers it and <c>defaults:</c> holds.</summary>
    public PolicyRule? Rule { get; }

    /// <summary>The first pattern that matches; null for directories and for files that none matches.</summary>
    public FilePattern? Pattern { get; }

    /// <summary>Every field but the limits, in the order of the documentation.</summary>
    public IEnumerable<EffectiveEntry> Entries => PolicyFields.All.Where(_entries.ContainsKey).Select(one => _entries[one]);

    /// <summary>Quotas and budgets of the directory and of those above it: all of them count.</summary>
    public IReadOnlyList<EffectiveEntry> Limits { get; }

    /// <summary>The directories above, and itself, that have a quota, the outermost first.</summary>
    public IEnumerable<string> Trees => Limits.Where(static limit => limit.Field == PolicyFields.Quota).Select(static limit => limit.Origin.Directory!).Reverse();

    /// <summary>What it is, for messages: "/genomes", "*.bam in /genomes".</summary>
    public string Name => (Pattern is null ? "" : $"{Pattern} in ") + (Rule?.Path ?? "/");

    /// <summary>The kind of data.</summary>
    public Classification Classification => Get(PolicyFields.Classification);

    /// <summary>The key domain; null for the volume's own.</summary>
    public string? Domain => Get(PolicyFields.Domain);

    /// <summary>The regions that data may be in; null for all.</summary>
    public IReadOnlyList<Placed<string>>? Regions => Get(PolicyFields.Regions);

    /// <summary>How long nothing can be changed; null for no such time.</summary>
    public Retention? Retention => Get(PolicyFields.Retention);

    /// <summary>The store that data goes to first; never null in a sound policy.</summary>
    public string? Primary => Get(PolicyFields.Primary);

    /// <summary>The tier that new data is put in.</summary>
    public StorageTier Tier => Get(PolicyFields.Tier);

    /// <summary>The further copies.</summary>
    public IReadOnlyList<Placed<Replica>> Replicas => Get(PolicyFields.Replicas);

    /// <summary>The ways down as data ages.</summary>
    public IReadOnlyList<Placed<Transition>> Transitions => Get(PolicyFields.Transitions);

    /// <summary>What a field comes out as.</summary>
    public EffectiveEntry this[PolicyField field] => _entries[field];

    /// <summary>The value of a field.</summary>
    public T Get<T>(PolicyField<T> field) => _entries[field] is { IsReadable: true } entry ? (T)entry.Value! : field.Default;

    /// <summary>Whether what is said of some fields could be read.</summary>
    public bool CanRead(params ReadOnlySpan<PolicyField> fields)
    {
        foreach (PolicyField field in fields)
        {
            if (!_entries[field].IsReadable)
            {
                return false;
            }
        }

        return true;
    }
}
