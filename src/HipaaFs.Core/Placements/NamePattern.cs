using System.Buffers;
using System.Text;

namespace HipaaFs.Placements;

/// <summary>A pattern of file names: <c>*</c> any run, <c>?</c> one character, <c>[a-z]</c> and <c>[!a-z]</c> one of, or none of, some; a backslash takes the next literally.</summary>
/// <remarks>
/// Names are bytes. Where they are UTF-8 a character is a code point; a byte that is none counts as one character that only <c>*</c>, <c>?</c> and
/// <c>[!...]</c> match. Capitals and small letters differ, and no name is hidden from <c>*</c>.
/// </remarks>
public sealed class NamePattern
{
    /// <summary>The pattern that every name matches.</summary>
    public static readonly NamePattern Any = new("*", [new Token(TokenKind.Run, [])]);

    private const int NoCharacter = -1;

    private readonly IReadOnlyList<Token> _tokens;

    private NamePattern(string text, IReadOnlyList<Token> tokens)
    {
        Text = text;
        _tokens = tokens;
    }

    private enum TokenKind
    {
        Run,
        One,
        Among,
        NotAmong,
    }

    /// <summary>The pattern as it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a pattern; says what is wrong with it, or null.</summary>
    public static string? TryParse(string text, out NamePattern pattern)
    {
        pattern = Any;
        if (text.Length == 0 || text.Contains('/'))
        {
            return "is no pattern of file names; it is matched against a name, not a path";
        }

        Rune[] runes = [.. text.EnumerateRunes()];
        var tokens = new List<Token>();
        int at = 0;
        while (at < runes.Length)
        {
            if (TryTake(runes, ref at) is not { } token)
            {
                return runes[^1].Value == '\\' ? "ends with a backslash" : "has a '[' without its ']', or with a range that ends before it begins";
            }

            tokens.Add(token);
        }

        pattern = new NamePattern(text, tokens);
        return null;
    }

    /// <summary>Whether the pattern matches a whole name.</summary>
    public bool Matches(ReadOnlySpan<byte> name)
    {
        int token = 0;
        int at = 0;
        int runToken = -1;
        int runEnd = 0;
        while (at < name.Length)
        {
            int character = Decode(name[at..], out int taken);
            if (token < _tokens.Count && _tokens[token].Kind == TokenKind.Run)
            {
                (runToken, runEnd) = (token, at);
                token++;
            }
            else if (token < _tokens.Count && _tokens[token].Takes(character))
            {
                token++;
                at += taken;
            }
            else if (runToken >= 0)
            {
                // The last run takes one character more, and what follows it is tried again.
                Decode(name[runEnd..], out taken);
                runEnd += taken;
                (token, at) = (runToken + 1, runEnd);
            }
            else
            {
                return false;
            }
        }

        while (token < _tokens.Count && _tokens[token].Kind == TokenKind.Run)
        {
            token++;
        }

        return token == _tokens.Count;
    }

    private static Token? TryTake(Rune[] runes, ref int at)
    {
        Rune rune = runes[at++];
        switch (rune.Value)
        {
            case '*':
                return new Token(TokenKind.Run, []);
            case '?':
                return new Token(TokenKind.One, []);
            case '[':
                return TryTakeSet(runes, ref at);
            case '\\' when at == runes.Length:
                return null;
            case '\\':
                rune = runes[at++];
                break;
        }

        return new Token(TokenKind.Among, [(rune.Value, rune.Value)]);
    }

    // A ']' that comes first stands for itself, as in glob(7).
    private static Token? TryTakeSet(Rune[] runes, ref int at)
    {
        bool negated = at < runes.Length && runes[at].Value == '!';
        at += negated ? 1 : 0;
        var ranges = new List<(int First, int Last)>();
        int begin = at;
        while (at < runes.Length && (runes[at].Value != ']' || at == begin))
        {
            int first = TakeLiteral(runes, ref at);
            int last = first;
            if (at + 1 < runes.Length && runes[at].Value == '-' && runes[at + 1].Value != ']')
            {
                at++;
                last = TakeLiteral(runes, ref at);
            }

            if (last < first)
            {
                return null;
            }

            ranges.Add((first, last));
        }

        if (at >= runes.Length)
        {
            return null;
        }

        at++;
        return new Token(negated ? TokenKind.NotAmong : TokenKind.Among, ranges);
    }

    // A backslash takes the next character as it is, in a set too.
    private static int TakeLiteral(Rune[] runes, ref int at)
    {
        at += runes[at].Value == '\\' && at + 1 < runes.Length ? 1 : 0;
        return runes[at++].Value;
    }

    private static int Decode(ReadOnlySpan<byte> rest, out int taken)
    {
        if (Rune.DecodeFromUtf8(rest, out Rune rune, out taken) == OperationStatus.Done)
        {
            return rune.Value;
        }

        taken = 1;
        return NoCharacter;
    }

    private sealed record Token(TokenKind Kind, IReadOnlyList<(int First, int Last)> Ranges)
    {
        public bool Takes(int character)
        {
            bool among = false;
            foreach ((int first, int last) in Ranges)
            {
                among |= character >= first && character <= last;
            }

            return Kind switch
            {
                TokenKind.Among => among,
                TokenKind.NotAmong => !among,
                _ => Kind == TokenKind.One,
            };
        }
    }
}
