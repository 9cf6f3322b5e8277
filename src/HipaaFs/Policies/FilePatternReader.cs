using System.Diagnostics.CodeAnalysis;
using HipaaFs.Placements;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads one of <c>files:</c>.</summary>
internal static class FilePatternReader
{
    /// <summary>The key of the patterns.</summary>
    public const string MatchKey = "match";

    private static readonly PolicyNodeReader<IReadOnlyList<Placed<NamePattern>>> Match =
        PolicyReaders.List(PolicyReaders.Text<NamePattern>(PolicyTexts.Pattern), 1);

    /// <summary>Reads patterns and what holds for them.</summary>
    public static bool TryRead(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out FilePattern value)
    {
        value = null;
        IReadOnlyList<string> own = PolicyFields.Heads(PolicyScopes.Pattern);
        IReadOnlyList<string> others = [.. PolicyFields.Heads(PolicyScopes.Directory | PolicyScopes.Tree).Except(own)];
        if (!reading.TryMapping(node, label, [MatchKey, .. own, .. others], out PolicyMapping? mapping))
        {
            return false;
        }

        foreach (PolicyMember member in mapping.Members.Where(member => others.Contains(member.Key)))
        {
            reading.Report(member.Place, $"{label}.{member.Key}: belongs to directories; a name pattern sets {string.Join(", ", own)} only");
        }

        bool read = reading.TryRequired(mapping, label, MatchKey, Match, out Placed<IReadOnlyList<Placed<NamePattern>>> match);
        PolicyEntries entries = EntriesReader.Read(reading, mapping, PolicyScopes.Pattern);
        value = new FilePattern(node.Place, [.. (match.Value ?? []).Select(static pattern => pattern.Value)], entries);
        return read;
    }
}
