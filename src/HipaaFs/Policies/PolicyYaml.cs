using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace HipaaFs.Cli.Policies;

/// <summary>Turns the text of a policy file into a tree in which everything has its place.</summary>
/// <remarks>
/// Anchors, aliases and tags have no use in a policy and are refused: what stands in a line is what holds there.
/// A syntax error ends the reading, and nothing is returned then.
/// </remarks>
internal sealed class PolicyYaml
{
    private const int MostLevels = 32;

    private readonly Parser _parser;
    private readonly PolicyReading _reading;

    private PolicyYaml(string text, PolicyReading reading)
    {
        _parser = new Parser(new StringReader(text));
        _reading = reading;
    }

    /// <summary>Reads the one document of a text; null after a syntax error or when there is none, which is reported.</summary>
    public static PolicyNode? Read(string text, PolicyReading reading)
    {
        var yaml = new PolicyYaml(text, reading);
        try
        {
            return yaml.ReadDocument();
        }
        catch (InvalidOperationException)
        {
            // What some texts make of the parser's own state.
            reading.Report(yaml._parser.Current is { } last ? ToPlace(last.End) : PolicyPlace.Start, "no valid YAML");
            return null;
        }
        catch (YamlException error)
        {
            reading.Report(ToPlace(error.Start), $"no valid YAML: {error.InnerException?.Message ?? error.Message}");
            return null;
        }
    }

    private PolicyNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _))
        {
            _reading.Report(PolicyPlace.Start, "the file is empty");
            return null;
        }

        _parser.Consume<DocumentStart>();
        PolicyNode root = ReadNode("", 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Current is DocumentStart second)
        {
            _reading.Report(ToPlace(second.Start), "a second document has no meaning here");
        }

        return root;
    }

    private PolicyNode ReadNode(string label, int level)
    {
        ParsingEvent current = _parser.Current!;
        PolicyPlace place = ToPlace(current.Start);
        if (current is NodeEvent node && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty))
        {
            _reading.Report(place, "anchors and tags have no meaning here; write the value itself");
        }

        if (level > MostLevels)
        {
            _reading.Report(place, $"nested more than {MostLevels} levels deep");
            _parser.SkipThisAndNestedEvents();
            return new PolicyScalar(place, "", IsPlain: true);
        }

        switch (current)
        {
            case Scalar scalar:
                _parser.MoveNext();
                return new PolicyScalar(place, scalar.Value, scalar.Style == ScalarStyle.Plain);
            case SequenceStart:
                _parser.MoveNext();
                return ReadSequence(place, label, level);
            case MappingStart:
                _parser.MoveNext();
                return ReadMapping(place, label, level);
            default:
                _reading.Report(place, "aliases have no meaning here; write the value itself");
                _parser.SkipThisAndNestedEvents();
                return new PolicyScalar(place, "", IsPlain: true);
        }
    }

    private PolicySequence ReadSequence(PolicyPlace place, string label, int level)
    {
        var items = new List<PolicyNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadNode(label, level + 1));
        }

        return new PolicySequence(place, items);
    }

    private PolicyMapping ReadMapping(PolicyPlace place, string label, int level)
    {
        var members = new List<PolicyMember>();
        var first = new Dictionary<string, PolicyPlace>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (_parser.Current is not Scalar)
            {
                _reading.Report(ToPlace(_parser.Current!.Start), "a key must be a plain word");
                _parser.SkipThisAndNestedEvents();
                _parser.SkipThisAndNestedEvents();
                continue;
            }

            var key = (PolicyScalar)ReadNode(label, level);
            string full = PolicyReading.Join(label, key.Text);
            PolicyNode value = ReadNode(full, level + 1);
            if (first.TryAdd(key.Text, key.Place))
            {
                members.Add(new PolicyMember(key.Text, key.Place, value));
            }
            else
            {
                _reading.Report(key.Place, $"{full}: set a second time, first in line {first[key.Text].Line}");
            }
        }

        return new PolicyMapping(place, members);
    }

    private static PolicyPlace ToPlace(Mark mark) => new(mark.Line, mark.Column);
}
