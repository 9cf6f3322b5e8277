namespace HipaaFs.Cli.Policies;

/// <summary>What one rule, pattern or <c>defaults:</c> says, by field.</summary>
internal sealed class PolicyEntries
{
    private readonly Dictionary<PolicyField, PolicyEntry> _entries = [];

    /// <summary>Notes what a field is.</summary>
    public void Set(PolicyField field, PolicyEntry entry) => _entries[field] = entry;

    /// <summary>What is said of a field; null when nothing is.</summary>
    public PolicyEntry? Find(PolicyField field) => _entries.GetValueOrDefault(field);
}
