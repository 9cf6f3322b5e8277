namespace HipaaFs.FaultFs.Faults;

/// <summary>The rules that hold, and what they did.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class FaultRules
{
    private readonly List<(FaultRule Rule, int Seen)> _rules = [];

    /// <summary>How many operations were made to fail.</summary>
    public int Hits { get; private set; }

    /// <summary>The first that was made to fail, for people.</summary>
    public string FirstHit { get; private set; } = "nothing";

    /// <summary>How many changes were asked of the disk, failed ones included.</summary>
    public int Changes { get; private set; }

    /// <summary>Adds a rule.</summary>
    public void Add(FaultRule rule) => _rules.Add((rule, 0));

    /// <summary>Ends all rules.</summary>
    public void Clear() => _rules.Clear();

    /// <summary>The errno that an operation is to fail with; 0: it goes on.</summary>
    public int Judge(FaultKind kind, string path)
    {
        int errno = 0;
        Changes += kind == FaultKind.Read ? 0 : 1;
        for (int i = 0; i < _rules.Count; i++)
        {
            (FaultRule rule, int seen) = _rules[i];
            if (!rule.Concerns(kind, path))
            {
                continue;
            }

            seen++;
            _rules[i] = (rule, seen);
            if (errno == 0 && (seen == rule.Number || (rule.Lasting && seen > rule.Number)))
            {
                errno = rule.Errno;
                FirstHit = Hits++ == 0 ? $"{kind} {path}" : FirstHit;
            }
        }

        return errno;
    }

    /// <summary>Notes that a file was removed.</summary>
    public void Removed(string path) => _rules.RemoveAll(entry => entry.Rule.EndsWith(path));
}
