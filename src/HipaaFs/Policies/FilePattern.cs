using HipaaFs.Placements;

namespace HipaaFs.Cli.Policies;

/// <summary>What holds for the files of a directory whose names match, instead of what the directory says.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Match">The patterns; one that matches is enough.</param>
/// <param name="Entries">What it says.</param>
internal sealed record FilePattern(PolicyPlace Place, IReadOnlyList<NamePattern> Match, PolicyEntries Entries)
{
    /// <summary>Whether a name matches.</summary>
    public bool Matches(ReadOnlySpan<byte> name)
    {
        foreach (NamePattern pattern in Match)
        {
            if (pattern.Matches(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The patterns as they were written.</summary>
    public override string ToString() => string.Join(", ", Match.Select(static pattern => pattern.Text));
}
