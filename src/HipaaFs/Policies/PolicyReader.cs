using System.Diagnostics.CodeAnalysis;
using HipaaFs.Transitions;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads a whole policy.</summary>
internal sealed class PolicyReader
{
    /// <summary>The keys of the file.</summary>
    public static readonly string[] Keys =
        ["version", "currency", "host", "stores", "metadata", "mover", "recovery_classes", "defaults", "rules"];

    /// <summary>The keys of a class of recovery.</summary>
    public static readonly string[] RecoveryKeys = ["rpo", "rto"];

    /// <summary>The keys of <c>mover:</c>.</summary>
    public static readonly string[] MoverKeys = ["windows", "bandwidth"];

    /// <summary>The key of a rule's directory.</summary>
    public const string PathKey = "path";

    private static readonly PolicyNodeReader<TimeSpan> Objective =
        PolicyReaders.Text<TimeSpan>(PolicyTexts.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(365)));

    private static readonly PolicyNodeReader<long> Bandwidth = PolicyReaders.Scalar<long>(ScalarKinds.Text | ScalarKinds.Number, PolicyTexts.Size);

    private readonly PolicyReading _reading;
    private readonly PolicyMapping _root;
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);

    private PolicyReader(PolicyReading reading, PolicyMapping root)
    {
        _reading = reading;
        _root = root;
    }

    /// <summary>The layout that a text says it has, when that is newer than this version knows; null otherwise.</summary>
    public static long? FindNewerVersion(PolicyNode root) =>
        (root as PolicyMapping)?.Find("version")?.Value is PolicyScalar { Kind: ScalarKinds.Number } version
        && PolicyTexts.Count(PolicyDocument.Version + 1, long.MaxValue)(version.Text, out long number) is null ? number : null;

    /// <summary>Reads what can be read; null when that is nothing, which was reported then.</summary>
    public static PolicyDocument? Read(PolicyReading reading, PolicyNode root) =>
        reading.TryMapping(root, "", Keys, out PolicyMapping? mapping) ? new PolicyReader(reading, mapping).ReadDocument() : null;

    private PolicyDocument ReadDocument()
    {
        _reading.TryRequired(_root, "", "version", PolicyReaders.Number(PolicyTexts.Count(PolicyDocument.Version, PolicyDocument.Version)), out _);
        Note("currency", _reading.TryOptional(_root, "", "currency", PolicyReaders.Text<string>(PolicyTexts.Currency), out Placed<string>? currency));
        Note("mover", _reading.TryOptional(_root, "", "mover", TryReadMover, out Placed<MoverOptions>? mover));
        if (_root.Find("stores") is null)
        {
            _reading.Report(_root.Place, "stores: missing");
        }

        PolicyMember? defaults = _root.Find("defaults");
        return new PolicyDocument
        {
            Currency = currency?.Value,
            HostRegion = ReadOnly("host", "region", PolicyReaders.Text<string>(PolicyTexts.Region)),
            Stores = _root.Find("stores") is { } stores ? StoreReader.Read(_reading, stores.Value, stores.Key) : [],
            MetadataStores = ReadOnly("metadata", "stores", PolicyReaders.List(PolicyReaders.Text<string>(PolicyTexts.Name), 1))?.Value,
            Mover = mover?.Value,
            RecoveryClasses = ReadRecoveryClasses(),
            Defaults = defaults is null ? new PolicyEntries() : ReadDefaults(defaults),
            DefaultsPlace = defaults?.Place ?? _root.Place,
            Rules = ReadRules(),
            Unreadable = _unreadable,
        };
    }

    private void Note(string head, bool read)
    {
        if (!read)
        {
            _unreadable.Add(head);
        }
    }

    // The one key of a mapping that has no other.
    private Placed<T>? ReadOnly<T>(string head, string key, PolicyNodeReader<T> reader)
    {
        if (_root.Find(head) is not { } member)
        {
            return null;
        }

        Placed<T> value = default;
        bool read = _reading.TryMapping(member.Value, head, [key], out PolicyMapping? mapping)
            && _reading.TryRequired(mapping, head, key, reader, out value);
        Note(head, read);
        return read ? value : null;
    }

    private static bool TryReadMover(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out MoverOptions value)
    {
        value = null;
        if (!reading.TryMapping(node, label, MoverKeys, out PolicyMapping? mapping))
        {
            return false;
        }

        bool read = reading.TryOptional(mapping, label, "windows", ReplicaReader.Windows, out Placed<IReadOnlyList<Placed<TimeWindow>>>? windows)
            & reading.TryOptional(mapping, label, "bandwidth", Bandwidth, out Placed<long>? bandwidth);
        value = new MoverOptions([.. (windows?.Value ?? []).Select(static window => window.Value)], bandwidth?.Value);
        return read;
    }

    private Dictionary<string, RecoveryClass> ReadRecoveryClasses()
    {
        const string head = "recovery_classes";
        var classes = new Dictionary<string, RecoveryClass>(StringComparer.Ordinal);
        if (_root.Find(head) is not { } member || !_reading.TryNamed(member.Value, head, out PolicyMapping? mapping))
        {
            return classes;
        }

        foreach (PolicyMember named in mapping.Members)
        {
            string label = PolicyReading.Join(head, named.Key);
            if (PolicyTexts.Name(named.Key, out _) is { } problem)
            {
                _reading.Report(named.Place, $"{head}: '{named.Key}' {problem}");
            }

            Placed<TimeSpan> rpo = default;
            Placed<TimeSpan> rto = default;
            if (_reading.TryMapping(named.Value, label, RecoveryKeys, out PolicyMapping? fields))
            {
                _reading.TryRequired(fields, label, "rpo", Objective, out rpo);
                _reading.TryRequired(fields, label, "rto", Objective, out rto);
            }

            classes[named.Key] = new RecoveryClass(named.Key, rpo.Value, rto.Value);
        }

        return classes;
    }

    private PolicyEntries ReadDefaults(PolicyMember member)
    {
        IReadOnlyList<string> keys = PolicyFields.Heads(PolicyScopes.Directory);
        IReadOnlyList<string> others = [PathKey, .. PolicyFields.Heads(PolicyScopes.Tree)];
        if (!_reading.TryMapping(member.Value, member.Key, [.. keys, .. others], out PolicyMapping? mapping))
        {
            Note(member.Key, read: false);
            return new PolicyEntries();
        }

        foreach (PolicyMember misplaced in mapping.Members.Where(child => others.Contains(child.Key)))
        {
            _reading.Report(misplaced.Place, $"{member.Key}.{misplaced.Key}: stands in rules only; write one for '/'");
        }

        return EntriesReader.Read(_reading, mapping, PolicyScopes.Directory);
    }

    private List<PolicyRule> ReadRules()
    {
        const string head = "rules";
        var rules = new List<PolicyRule>();
        if (_root.Find(head) is not { } member)
        {
            return rules;
        }

        if (member.Value is not PolicySequence sequence)
        {
            _reading.Report(member.Value.Place, $"{head}: expected a list");
            return rules;
        }

        var first = new Dictionary<string, PolicyPlace>(StringComparer.Ordinal);
        IReadOnlyList<string> keys = [PathKey, .. PolicyFields.Heads(PolicyScopes.Directory | PolicyScopes.Tree)];
        foreach (PolicyNode node in sequence.Items)
        {
            if (!_reading.TryMapping(node, head, keys, out PolicyMapping? mapping))
            {
                continue;
            }

            bool named = _reading.TryRequired(mapping, head, PathKey, PolicyReaders.Text<string>(PolicyTexts.Directory), out Placed<string> path);
            PolicyEntries entries = EntriesReader.Read(_reading, mapping, PolicyScopes.Directory | PolicyScopes.Tree);
            if (named && first.TryAdd(path.Value, path.Place))
            {
                rules.Add(new PolicyRule(path.Value, path.Place, entries));
            }
            else if (named)
            {
                _reading.Report(path.Place, $"{head}.{PathKey}: {path.Value} has a rule already, in line {first[path.Value].Line}");
            }
        }

        return rules;
    }
}
