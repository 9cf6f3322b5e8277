using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace HipaaFs.Cli.Configuration;

/// <summary>Reads the text of volume.yaml into flat entries with their places, and writes a new one.</summary>
/// <remarks>
/// The file is a mapping of scalars, nested one level at most. Anchors, aliases and tags have no use in it and are refused.
/// The reader works on parser events, so that every entry keeps its line and column and one bad entry does not hide the next.
/// </remarks>
internal static class VolumeFile
{
    /// <summary>The file's name in the directory of a volume.</summary>
    public const string Name = "volume.yaml";

    /// <summary>Reads entries up to the end; false when a syntax error, which is the last problem then, ended it earlier.</summary>
    public static bool TryRead(string text, ICollection<ConfigurationProblem> problems, out IReadOnlyList<VolumeFileEntry> read)
    {
        var entries = new List<VolumeFileEntry>();
        read = entries;
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _))
            {
                return true;
            }

            parser.Consume<DocumentStart>();
            ReadMapping(parser, "", entries, problems);
            parser.Consume<DocumentEnd>();
            if (parser.Current is DocumentStart second)
            {
                problems.Add(At(second.Start, "a second document has no meaning here"));
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            // What some texts make of the parser's own state. It names no place.
            problems.Add(new ConfigurationProblem(Name, "no valid YAML"));
            return false;
        }
        catch (YamlException error)
        {
            problems.Add(At(error.Start, $"no valid YAML: {error.InnerException?.Message ?? error.Message}"));
            return false;
        }
    }

    /// <summary>The text with another value of one entry; everything else stays as it is, comments too.</summary>
    /// <returns>Null when the text cannot be read, or has no such entry.</returns>
    public static string? Replace(string text, string key, string value)
    {
        if (Read(text) is not { } entries || !entries.Any(entry => entry.Key == key))
        {
            return null;
        }

        (int offset, int length) = entries.Single(entry => entry.Key == key).Place.GetOffsetAndLength(text.Length);
        string replaced = string.Concat(text.AsSpan(0, offset), Quote(value), text.AsSpan(offset + length));
        return Read(replaced)?.Select(static entry => (entry.Key, entry.Value)).SequenceEqual(entries.Select(entry => (entry.Key, entry.Key == key ? value : entry.Value))) == true
            ? replaced
            : null;
    }

    /// <summary>A value in double quotes, so that no character of a path means anything to YAML.</summary>
    public static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    /// <summary>Names the place of an entry.</summary>
    public static string Place(long line, long column) =>
        string.Create(CultureInfo.InvariantCulture, $"{Name}:{line}:{column}");

    private static IReadOnlyList<VolumeFileEntry>? Read(string text)
    {
        var problems = new List<ConfigurationProblem>();
        return TryRead(text, problems, out IReadOnlyList<VolumeFileEntry> read) && problems.Count == 0 ? read : null;
    }

    private static void ReadMapping(Parser parser, string prefix, List<VolumeFileEntry> entries, ICollection<ConfigurationProblem> problems)
    {
        if (!parser.TryConsume<MappingStart>(out _))
        {
            // An empty document is one empty scalar; what it lacks is reported as missing settings.
            ParsingEvent other = parser.Current!;
            if (other is not Scalar { Value.Length: 0 })
            {
                problems.Add(At(other.Start, "expected 'key: value' lines"));
            }

            parser.SkipThisAndNestedEvents();
            return;
        }

        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out Scalar? key) || key is null)
            {
                problems.Add(At(parser.Current!.Start, "a key must be a plain word"));
                parser.SkipThisAndNestedEvents();
                parser.SkipThisAndNestedEvents();
                continue;
            }

            ReadValue(parser, prefix + key.Value, key, entries, problems);
        }
    }

    private static void ReadValue(
        Parser parser, string path, Scalar key, List<VolumeFileEntry> entries, ICollection<ConfigurationProblem> problems)
    {
        if (parser.Current is MappingStart && VolumeSettings.IsGroup(path))
        {
            ReadMapping(parser, path + ".", entries, problems);
            return;
        }

        if (parser.Current is not Scalar value)
        {
            string text = VolumeSettings.IsKnown(path) ? $"{path}: expected one value" : VolumeSettings.DescribeUnknown(path);
            problems.Add(At(key.Start, text));
            parser.SkipThisAndNestedEvents();
            return;
        }

        parser.MoveNext();
        if (VolumeSettings.IsGroup(path))
        {
            problems.Add(At(key.Start, $"{path}: expected indented 'key: value' lines below it"));
        }
        else if (!VolumeSettings.IsKnown(path))
        {
            problems.Add(At(key.Start, VolumeSettings.DescribeUnknown(path)));
        }
        else if (entries.Exists(entry => entry.Key == path))
        {
            problems.Add(At(key.Start, $"{path}: set a second time"));
        }
        else
        {
            entries.Add(new VolumeFileEntry(path, value.Value, value.Start.Line, value.Start.Column)
            {
                Place = (int)value.Start.Index..(int)value.End.Index,
            });
        }
    }

    private static ConfigurationProblem At(Mark place, string text) =>
        new(Place(place.Line, place.Column), text) { Line = place.Line };
}
